package ddpm.tests.digits;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
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
import java.util.Map;

/** Trains {@link LeNet} on MNIST: {@code TrainLeNet MNIST_FOLDER OUT.safetensors [EPOCHS]}. About a minute an epoch. */
final class TrainLeNet {
    private static final int BATCH = 128;
    private static final Shape IMAGE = Shape.of(1, 1, 32, 32);

    private TrainLeNet() {}

    public static void main(String[] arguments) throws IOException {
        var folder = Path.of(arguments[0]);
        int epochs = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 8;
        var train = Mnist.open(folder, Split.TRAIN, new ImageShape(1, 32, 32));
        var test = Mnist.open(folder, Split.TEST, new ImageShape(1, 32, 32));
        var noise = Noise.seed(1998);
        try (var lenet = new LeNet();
                var _ = TensorScope.open()) {
            var params = lenet.params;
            params.initialise(
                    (parameter, target) -> noise.uniforms(Noise.Domain.INIT, parameter, 0, target, 0, target.length));
            params.trainable();
            var first = Tensor.zeros(params.flat().shape(), DType.FLOAT32, Device.CPU);
            var second = Tensor.zeros(params.flat().shape(), DType.FLOAT32, Device.CPU);
            int stepsPerEpoch = train.size() / BATCH;
            int step = 0;
            for (int epoch = 0; epoch < epochs; epoch++) {
                var order = noise.permutation(epoch, train.size());
                double loss = 0;
                for (int i = 0; i < stepsPerEpoch; i++) {
                    try (var _ = TensorScope.open()) {
                        params.flatGradient().zero();
                        var mean = Ops.nllLoss(
                                lenet.forward(images(train, order, i * BATCH, BATCH)), labels(train, order, i * BATCH));
                        mean.backward();
                        loss += mean.item();
                        try (var _ = GradMode.off()) {
                            double rate = 2e-3 * 0.5 * (1 + Math.cos(Math.PI * step / (epochs * stepsPerEpoch)));
                            step++;
                            Ops.adamStep(
                                    params.flat(),
                                    params.flatGradient(),
                                    first,
                                    second,
                                    step,
                                    rate,
                                    0.9,
                                    0.999,
                                    1e-4,
                                    1e-8,
                                    Ops.Decay.DECOUPLED);
                        }
                    }
                }
                System.out.printf(
                        "epoch %d: loss %.4f, test accuracy %.4f%n",
                        epoch + 1, loss / stepsPerEpoch, accuracy(lenet, test, test.size()));
            }
            double accuracy = accuracy(lenet, test, test.size());
            lenet.save(
                    Path.of(arguments[1]),
                    Map.of(
                            "format",
                            "pt",
                            "what",
                            "LeNet-5 for MNIST at 32x32, made by TrainLeNet, " + epochs + " epochs",
                            "test accuracy",
                            "%.4f".formatted(accuracy)));
        }
    }

    /** The share of the first {@code count} images whose digit is told rightly. */
    static double accuracy(LeNet lenet, Mnist data, int count) {
        int right = 0;
        var order = new int[count];
        for (int i = 0; i < count; i++) {
            order[i] = i;
        }
        for (int at = 0; at < count; at += BATCH) {
            int n = Math.min(BATCH, count - at);
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                var told =
                        Ops.argmax(lenet.forward(images(data, order, at, n)), 1).toLongs();
                for (int i = 0; i < n; i++) {
                    right += told[i] == data.label(at + i) ? 1 : 0;
                }
            }
        }
        return (double) right / count;
    }

    private static Tensor images(ImageSet data, int[] order, int from, int n) {
        var bytes = new byte[data.shape().bytes()];
        var values = new float[n * bytes.length];
        for (int i = 0; i < n; i++) {
            data.read(order[from + i], bytes, 0);
            Pixel.values(bytes, 0, values, i * bytes.length, bytes.length);
        }
        return Tensor.of(values, IMAGE.with(0, n));
    }

    private static Tensor labels(Mnist data, int[] order, int from) {
        var labels = new long[BATCH];
        for (int i = 0; i < BATCH; i++) {
            labels[i] = data.label(order[from + i]);
        }
        return Tensor.of(labels, Shape.of(BATCH));
    }
}
