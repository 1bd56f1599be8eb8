package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.eval.VariationalBound;
import ddpm.testing.Golden;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class LossTest {
    private static final Diffusion SHORT = new Diffusion(BetaSchedule.linear(20, 0.01, 0.4));

    /** One image per timestep of SHORT, so that a batch has them all. */
    private static final int PIXELS = 2 * 3 * 4;

    private static final Shape IMAGES = Shape.of(20, 2, 3, 4);

    private static double[] normals(int seed, int count) {
        var floats = Noise.seed(seed).normals(Noise.Domain.EVAL, 0, 0, count);
        var doubles = new double[count];
        Arrays.setAll(doubles, i -> floats[i]);
        return doubles;
    }

    /** What a loss is asked, in float64. */
    private record Case(
            Diffusion diffusion, double[] x0, double[] xt, double[] epsilon, double[] output, int channels) {
        /** Images with both outer levels in them, and an output near the perfect one. */
        static Case of(Prediction prediction, boolean learned) {
            int n = (int) IMAGES.numel();
            var level = normals(1, n);
            var x0 = new double[n];
            Arrays.setAll(x0, i -> Math.rint(Math.clamp(127.5 + 90 * level[i], 0, 255)) / 127.5 - 1);
            x0[3] = -1; // of the image at t = 0
            x0[4] = 1;
            var epsilon = normals(2, n);
            var xt = new double[n];
            var off = normals(3, n);
            var v = normals(4, n);
            int channels = learned ? 4 : 2;
            var output = new double[20 * channels * 12];
            var a = prediction.x0FromX(SHORT);
            var b = prediction.x0FromOutput(SHORT);
            for (int i = 0; i < n; i++) {
                int t = i / PIXELS;
                double signal = SHORT.alphasCumprod().at(t);
                xt[i] = Math.sqrt(signal) * x0[i] + Math.sqrt(1 - signal) * epsilon[i];
                double perfect = (a.at(t) * xt[i] - x0[i]) / b.at(t);
                int at = t * channels * 12 + i % PIXELS;
                output[at] = perfect + 0.05 * off[i];
                if (learned) {
                    output[at + PIXELS] = 0.7 * v[i];
                }
            }
            return new Case(SHORT, x0, xt, epsilon, output, channels);
        }

        Shape outputs() {
            return Shape.of(20, channels, 3, 4);
        }

        Tensor loss(Prediction prediction, Variance variance, Objective objective, Tensor given) {
            var t = new long[20];
            Arrays.setAll(t, i -> i);
            return new Loss(diffusion, prediction, variance, objective, Device.CPU)
                    .perImage(
                            Tensor.of(x0, IMAGES),
                            Tensor.of(xt, IMAGES),
                            Tensor.of(epsilon, IMAGES),
                            Tensor.of(t, Shape.of(20)),
                            given);
        }

        double[] losses(Prediction prediction, Variance variance, Objective objective) {
            try (var _ = TensorScope.open()) {
                return loss(prediction, variance, objective, Tensor.of(output, outputs()))
                        .toDoubles();
            }
        }

        double sum(Prediction prediction, Variance variance, Objective objective, double[] outputs) {
            try (var _ = TensorScope.open()) {
                return Ops.sum(loss(prediction, variance, objective, Tensor.of(outputs, outputs())))
                        .item();
            }
        }

        double[] gradient(Prediction prediction, Variance variance, Objective objective) {
            try (var _ = TensorScope.open();
                    var _ = GradMode.on()) {
                var given = Tensor.of(output, outputs()).requiresGrad(true);
                Ops.sum(loss(prediction, variance, objective, given)).backward();
                return given.grad().toDoubles();
            }
        }
    }

    static Stream<Arguments> sensible() {
        var all = new ArrayList<Arguments>();
        for (var prediction : Prediction.values()) {
            for (var objective : Objective.values()) {
                for (var variance : Variance.values()) {
                    try {
                        objective.require(variance);
                        all.add(Arguments.of(prediction, variance, objective));
                    } catch (IllegalArgumentException e) {
                        // the others are refused in a test of their own
                    }
                }
            }
        }
        assertEquals(4 * (2 + 2 + 3 + 1), all.size());
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("sensible")
    void theGradientIsThatOfFiniteDifferences(Prediction prediction, Variance variance, Objective objective) {
        var asked = Case.of(prediction, variance.isLearned());
        var gradient = asked.gradient(prediction, variance, objective);
        int outputs = gradient.length;
        for (int i = 0; i < outputs; i++) {
            if (objective == Objective.HYBRID && i / PIXELS % 2 == 0) {
                continue; // the bound there is held still, see below
            }
            double h = 1e-4;
            var moved = asked.output().clone();
            moved[i] += h;
            double up = asked.sum(prediction, variance, objective, moved);
            moved[i] -= 2 * h;
            double down = asked.sum(prediction, variance, objective, moved);
            // Central differences err by h^2 times the third derivative; float64 rounds sums of hundreds to 1e-13 / h.
            double scale = Math.max(1e-2, Math.abs(gradient[i]));
            assertEquals(gradient[i], (up - down) / (2 * h), 1e-4 * scale, "output " + i);
        }
    }

    @ParameterizedTest
    @EnumSource(Prediction.class)
    void hybridTeachesTheMeanBySimpleAloneAndTheVarianceByTheBoundAlone(Prediction prediction) {
        var asked = Case.of(prediction, true);
        var hybrid = asked.gradient(prediction, Variance.LEARNED_RANGE, Objective.HYBRID);
        var bound = asked.gradient(prediction, Variance.LEARNED_RANGE, Objective.VLB);
        var plain = Case.of(prediction, false).gradient(prediction, Variance.FIXED_LARGE, Objective.SIMPLE);
        for (int i = 0; i < hybrid.length; i++) {
            int image = i / (2 * PIXELS);
            int at = i % (2 * PIXELS);
            double expected = at < PIXELS ? plain[image * PIXELS + at] : 0.001 * bound[i];
            assertEquals(expected, hybrid[i], 1e-12 + 1e-9 * Math.abs(expected), "output " + i);
        }
    }

    @ParameterizedTest
    @MethodSource("sensible")
    void theBoundIsTheMeasuredOne(Prediction prediction, Variance variance, Objective objective) {
        if (objective != Objective.VLB) {
            return;
        }
        var asked = Case.of(prediction, variance.isLearned());
        var losses = asked.losses(prediction, variance, objective);
        var bound = new VariationalBound(SHORT, prediction, variance, Clip.NONE);
        int perOutput = asked.channels() * 12;
        for (int image = 0; image < 20; image++) {
            try (var _ = TensorScope.open()) {
                int t = image;
                var x0 = floats(asked.x0(), t * PIXELS, Shape.of(1, 2, 3, 4));
                var terms = bound.of(
                        (_, _) -> floats(asked.output(), t * perOutput, Shape.of(1, asked.channels(), 3, 4)),
                        x0,
                        _ -> floats(asked.epsilon(), t * PIXELS, Shape.of(1, 2, 3, 4)),
                        _ -> {});
                double expected = 20 * terms.terms()[t][0];
                // The measurement's x_t and output are float32, and 20 times the term is compared.
                assertEquals(expected, losses[t], 1e-4 + 1e-5 * expected, "L_" + t);
            }
        }
    }

    private static Tensor floats(double[] values, int from, Shape shape) {
        var floats = new float[(int) shape.numel()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[from + i];
        }
        return Tensor.of(floats, shape);
    }

    @ParameterizedTest
    @EnumSource(
            value = Variance.class,
            names = {"FIXED_SMALL", "FIXED_LARGE"})
    void everyTermIsThatOfTheReference(Variance variance) throws IOException {
        var folder = "improved-diffusion/cosine_100/";
        var diffusion = new Diffusion(BetaSchedule.cosine(100));
        var shape = Shape.of(2, 3, 8, 8);
        var x0 = Golden.npy("improved-diffusion/x_start.npy").doubles();
        var noise = Golden.npy(folder + "noise.npy").doubles();
        var vb = Golden.npy(folder + "bpd/" + variance.name().toLowerCase(java.util.Locale.ROOT)
                        + "_eps01x_noise_noclip_vb_f64.npy")
                .doubles(); // [B, T], column j is t = T - 1 - j
        for (int t = 0; t < 100; t++) {
            try (var _ = TensorScope.open()) {
                var images = Tensor.of(x0, shape);
                var epsilon = Tensor.of(Arrays.copyOfRange(noise, t * 384, (t + 1) * 384), shape);
                var times = Tensor.of(new long[] {t, t}, Shape.of(2));
                var xt = new ForwardProcess(diffusion, Device.CPU).xt(images, times, epsilon);
                var losses = new Loss(diffusion, Prediction.EPSILON, variance, Objective.VLB, Device.CPU)
                        .perImage(images, xt, epsilon, times, xt.mul(0.1))
                        .toDoubles();
                for (int image = 0; image < 2; image++) {
                    double expected = vb[image * 100 + 99 - t];
                    // The tables are float32 here: 1e-7 of ln sigma^2, of 10; and of each factor.
                    assertEquals(expected, losses[image] / 100, 1e-5 + 1e-6 * expected, "L_" + t);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "3, 5", "10, 1.2", "19, 0.01"})
    void minSnrWeighsTheErrorOfX0WhateverIsPredicted(int t, double about) {
        double signal = SHORT.alphasCumprod().at(t);
        double snr = signal / (1 - signal);
        double least = Math.min(snr, 5);
        // Hang et al. 2023, section 3.4.
        assertEquals(least / snr, Loss.minSnr(SHORT, Prediction.EPSILON).at(t), 1e-12);
        assertEquals(least, Loss.minSnr(SHORT, Prediction.X0).at(t), 1e-12);
        assertEquals(least / (snr + 1), Loss.minSnr(SHORT, Prediction.V).at(t), 1e-12);
        // The mean has posteriorMeanCoef1 times the error of x0.
        double c1 = SHORT.posteriorMeanCoef1().at(t);
        assertEquals(least / (c1 * c1), Loss.minSnr(SHORT, Prediction.MEAN).at(t), 1e-9 / (c1 * c1));
        assertTrue(least <= about, "the case is on the side of 5 that it is meant for: " + least);
    }

    @Test
    void onErrorsOfOneSizeInX0MinSnrIsTheSameForEveryPrediction() {
        // An x0 that is off by d at every pixel, told as each kind of output.
        double d = 0.1;
        var expected = new double[20];
        for (int t = 0; t < 20; t++) {
            double signal = SHORT.alphasCumprod().at(t);
            expected[t] = Math.min(signal / (1 - signal), 5) * d * d;
        }
        for (var prediction : Prediction.values()) {
            var asked = Case.of(prediction, false);
            var output = new double[asked.output().length];
            for (int i = 0; i < output.length; i++) {
                int t = i / PIXELS;
                output[i] = (prediction.x0FromX(SHORT).at(t) * asked.xt()[i] - (asked.x0()[i] + d))
                        / prediction.x0FromOutput(SHORT).at(t);
            }
            var off = new Case(SHORT, asked.x0(), asked.xt(), asked.epsilon(), output, 2);
            var losses = off.losses(prediction, Variance.FIXED_LARGE, Objective.MIN_SNR);
            for (int t = 0; t < 20; t++) {
                assertEquals(expected[t], losses[t], 1e-5 * expected[t], prediction + " at " + t);
            }
        }
    }

    @Test
    void whatCannotTrainIsRefusedByName() {
        for (var objective : List.of(Objective.SIMPLE, Objective.MIN_SNR)) {
            var e = assertThrows(IllegalArgumentException.class, () -> objective.require(Variance.LEARNED_RANGE));
            assertTrue(
                    e.getMessage().contains(objective.name()) && e.getMessage().contains("HYBRID or VLB"),
                    e.getMessage());
        }
        for (var variance : List.of(Variance.FIXED_SMALL, Variance.FIXED_LARGE)) {
            var e = assertThrows(IllegalArgumentException.class, () -> Objective.HYBRID.require(variance));
            assertTrue(
                    e.getMessage().contains(variance.name()) && e.getMessage().contains("LEARNED_RANGE"),
                    e.getMessage());
        }
    }

    @Test
    void anOutputOfAnotherNumberOfChannelsIsRefusedWithBothNumbers() {
        try (var _ = TensorScope.open()) {
            var x = Tensor.zeros(Shape.of(1, 2, 3, 4), ddpm.torch.DType.FLOAT32, Device.CPU);
            var three = Tensor.zeros(Shape.of(1, 3, 3, 4), ddpm.torch.DType.FLOAT32, Device.CPU);
            var e = assertThrows(IllegalArgumentException.class, () -> ModelOutput.prediction(three, x));
            assertTrue(e.getMessage().contains("output is [1, 3, 3, 4] for x_t of shape [1, 2, 3, 4]"), e.getMessage());
            var none = assertThrows(IllegalArgumentException.class, () -> ModelOutput.variance(x, x));
            assertTrue(
                    none.getMessage().contains("4 channels")
                            && none.getMessage().contains("has 2"),
                    none.getMessage());
        }
    }
}
