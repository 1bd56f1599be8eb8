package ddpm.eval.digits;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.Labels;
import ddpm.data.Mnist;
import ddpm.data.Split;
import ddpm.diffusion.Noise;
import ddpm.image.Pixel;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Trains a {@link DigitClassifier} by AdamW at 2e-3, which falls to 0 along a cosine, on batches of 128. The weights inside this
 * library were made by
 *
 * <pre>{@code java --enable-native-access=ALL-UNNAMED -cp ddpm-cli.jar ddpm.eval.digits.DigitTraining mnist/ digit-classifier.safetensors}</pre>
 *
 * <p>in about a minute an epoch.
 */
public final class DigitTraining {
    private static final int BATCH = 128;
    private static final int EPOCHS = 8;
    private static final double RATE = 2e-3;
    private static final double WEIGHT_DECAY = 1e-4;

    private final DigitClassifier classifier = new DigitClassifier("in training");
    private final ImageSet images;
    private final Labels labels;
    private final int epochs;
    private final Noise noise;

    private DigitTraining(ImageSet images, int epochs, long seed) throws IOException {
        this.images = images;
        this.labels = images.labels();
        this.epochs = epochs;
        this.noise = Noise.seed(seed);
    }

    /** Takes the folder of MNIST's files and the file to write. */
    public static void main(String[] arguments) throws IOException {
        if (arguments.length != 2) {
            throw new IllegalArgumentException("give MNIST's folder and the .safetensors file to write");
        }
        var shape = new ImageShape(1, 32, 32);
        var test = Mnist.open(Path.of(arguments[0]), Split.TEST, shape);
        try (var classifier = train(Mnist.open(Path.of(arguments[0]), Split.TRAIN, shape), EPOCHS, 1998)) {
            var accuracy = String.format(Locale.ROOT, "%.4f", accuracy(classifier, test));
            classifier.save(
                    Path.of(arguments[1]),
                    Map.of(
                            "format",
                            "pt",
                            "what",
                            "LeNet-5 for MNIST at 32x32, " + EPOCHS + " epochs",
                            "test accuracy",
                            accuracy));
            System.out.println("accuracy on " + test.describe() + ": " + accuracy);
        }
    }

    /**
     * Trains a classifier.
     *
     * @param images of 1 x 32 x 32 with labels, at least a batch of 128
     * @param epochs passes over them
     * @return the caller's to close
     */
    static DigitClassifier train(ImageSet images, int epochs, long seed) throws IOException {
        var training = new DigitTraining(images, epochs, seed);
        training.run();
        return training.classifier;
    }

    private void run() {
        var params = classifier.params();
        params.initialise(
                (parameter, target) -> noise.uniforms(Noise.Domain.INIT, parameter, 0, target, 0, target.length));
        params.trainable();
        int perEpoch = images.size() / BATCH;
        try (var _ = TensorScope.open()) {
            var first = Tensor.zeros(params.flat().shape(), DType.FLOAT32, Device.CPU);
            var second = Tensor.zeros(params.flat().shape(), DType.FLOAT32, Device.CPU);
            for (int step = 0; step < epochs * perEpoch; step++) {
                var order = noise.permutation(step / perEpoch, images.size());
                int from = step % perEpoch * BATCH;
                step(IntStream.range(from, from + BATCH).map(i -> order[i]).toArray(), step, first, second);
            }
        }
    }

    private void step(int[] chosen, int step, Tensor first, Tensor second) {
        var params = classifier.params();
        try (var _ = TensorScope.open()) {
            params.flatGradient().zero();
            var wanted = IntStream.of(chosen).mapToLong(labels::at).toArray();
            var told = Ops.logSoftmax(classifier.logits(values(images, chosen)), 1);
            Ops.nllLoss(told, Tensor.of(wanted, Shape.of(chosen.length))).backward();
            try (var _ = GradMode.off()) {
                double progress = (double) step / (epochs * (images.size() / BATCH));
                double rate = RATE * 0.5 * (1 + Math.cos(Math.PI * progress));
                Ops.adamStep(
                        params.flat(),
                        params.flatGradient(),
                        first,
                        second,
                        step + 1,
                        rate,
                        0.9,
                        0.999,
                        WEIGHT_DECAY,
                        1e-8,
                        Ops.Decay.DECOUPLED);
            }
        }
    }

    /** The share of images whose digit is read rightly. */
    static double accuracy(DigitClassifier classifier, ImageSet images) throws IOException {
        var labels = images.labels();
        int right = 0;
        for (int at = 0; at < images.size(); at += BATCH) {
            var chosen =
                    IntStream.range(at, Math.min(images.size(), at + BATCH)).toArray();
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                var told =
                        Ops.argmax(classifier.logits(values(images, chosen)), 1).toLongs();
                for (int i = 0; i < chosen.length; i++) {
                    right += told[i] == labels.at(chosen[i]) ? 1 : 0;
                }
            }
        }
        return (double) right / images.size();
    }

    private static Tensor values(ImageSet images, int[] chosen) {
        var bytes = new byte[images.shape().bytes()];
        var values = new float[chosen.length * bytes.length];
        for (int i = 0; i < chosen.length; i++) {
            images.read(chosen[i], bytes, 0);
            Pixel.values(bytes, 0, values, i * bytes.length, bytes.length);
        }
        return Tensor.of(values, Shape.of(chosen.length, 1, 32, 32));
    }
}
