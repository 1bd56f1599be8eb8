package ddpm.eval.digits;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.Labels;
import ddpm.data.Mnist;
import ddpm.data.Split;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.model.Model;
import ddpm.sampling.Solver;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.TensorScope;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The built-in model draws digits that a classifier of this DSL can read. */
class DigitsTest {
    /** The first 500 test images of MNIST, on all 10,000 of which the classifier was measured at 99.28 %. */
    private static ImageSet digits() throws Exception {
        var folder = Path.of(DigitsTest.class.getResource("/digits/mnist").toURI());
        return Mnist.open(folder, Split.TEST, new ImageShape(1, 32, 32));
    }

    @Test
    void theClassifierReadsRealDigits() throws Exception {
        try (var classifier = DigitClassifier.load()) {
            // Its standard error on 500 is 0.4 %.
            double accuracy = DigitTraining.accuracy(classifier, digits());
            assertTrue(accuracy >= 0.98, "accuracy " + accuracy);
        }
    }

    /** A pass over 500 images, three steps, is far from enough; thirty are a start, where guessing is a tenth. */
    @Test
    void trainingTeachesDigits() throws Exception {
        try (var classifier = DigitTraining.train(digits(), 30, 1)) {
            double accuracy = DigitTraining.accuracy(classifier, digits());
            assertTrue(accuracy >= 0.8, "accuracy " + accuracy);
        }
    }

    @Test
    void greyInThreeChannelsIsReadAsGrey() throws Exception {
        var images = digits();
        int bytes = images.shape().bytes();
        var grey = new byte[bytes];
        images.read(7, grey, 0);
        var colour = new byte[3 * bytes];
        for (int c = 0; c < 3; c++) {
            System.arraycopy(grey, 0, colour, c * bytes, bytes);
        }
        try (var classifier = DigitClassifier.load();
                var _ = TensorScope.open()) {
            var one = classifier.of(grey, 1, images.shape(), true);
            var three = classifier.of(colour, 1, new ImageShape(3, 32, 32), true);
            assertArrayEquals(one.features().toFloats(), three.features().toFloats(), 1e-5f);
            assertArrayEquals(one.logits().toFloats(), three.logits().toFloats(), 1e-5f);
            assertEquals(DigitClassifier.FEATURES, one.features().shape().size(1));
        }
    }

    @Test
    void otherSizesAreRefused() throws Exception {
        try (var classifier = DigitClassifier.load()) {
            var e = assertThrows(IllegalArgumentException.class, () -> classifier.features(new ImageShape(1, 28, 28)));
            assertTrue(e.getMessage().contains("28 x 28"), e.getMessage());
        }
    }

    @Test
    void aVerdictCountsWhatIsLikeliestConfidentAndAsAsked() {
        var logits = new float[30];
        logits[3] = 5; // surely 3: e^5 / (e^5 + 9) = 0.943
        logits[14] = 4; // likely 4: e^4 / (e^4 + 9) = 0.858
        logits[29] = 9; // surely 9
        var verdict = DigitVerdict.of(logits, new int[] {3, 4, 0});
        assertEquals(2 / 3.0, verdict.confident(), 1e-12);
        assertEquals(2 / 3.0, verdict.asAsked(), 1e-12);
        assertEquals(1 / 3.0, verdict.shares().get(9), 1e-12);
        assertTrue(Double.isNaN(DigitVerdict.of(logits, null).asAsked()));
    }

    @Test
    void onlyTheTenDigitsAreLabelsOfDigits() {
        var names = IntStream.range(0, 10).mapToObj(Integer::toString).toList();
        assertArrayEquals(new int[] {3, 1}, DigitVerdict.digits(new Labels(names, 3, 1)));
        assertNull(DigitVerdict.digits(new Labels(List.of("cat", "dog"), 1, 0)));
    }

    /** A small and fast version of the measurement in docs/guide/results.md. */
    @Test
    void theBuiltInModelDrawsLegibleDigitsAndThoseThatItIsAskedFor() throws Exception {
        try (var classifier = DigitClassifier.load();
                var model = Model.embedded(Device.CPU);
                var prepared = model.prepared(DType.FLOAT32);
                var _ = TensorScope.open()) {
            var card = model.card();
            var chain = new Diffusion(card.schedule())
                    .respaced(Timesteps.even(card.schedule().steps(), 25));
            var asked = IntStream.range(0, 60).map(i -> i % 10).toArray();
            var images = card.sampler(chain)
                    .withSolver(new Solver.DpmSolver())
                    .sample(prepared.guided(asked, 1), card.images(60), Noise.seed(2020));
            var verdict =
                    DigitVerdict.of(classifier.logits(Ops.clamp(images, -1, 1)).toFloats(), asked);
            assertTrue(verdict.confident() >= 0.85, verdict.toString());
            assertTrue(verdict.asAsked() >= 0.85, verdict.toString());
        }
    }
}
