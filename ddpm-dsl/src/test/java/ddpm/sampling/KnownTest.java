package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Noise.Domain;
import ddpm.diffusion.Variance;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Inpainting against the equations of Lugmayr et al. 2022, computed here in double. */
class KnownTest {
    private static final double[] BETAS = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
    private static final int T = BETAS.length;
    private static final Diffusion CHAIN = new Diffusion(BetaSchedule.linear(T, 0.1, 0.6));
    private static final Shape SHAPE = Shape.of(2, 1, 2, 3);
    private static final int PIXELS = 6;
    private static final Noise NOISE = Noise.seed(11);
    private static final float[] IMAGE = {0.5f, -1, 1, 0.25f, -0.125f, 0};
    private static final float[] MASK = {1, 0, 1, 0, 1, 0};

    /** Depends on x and t, as networks do. */
    private static final Denoiser MODEL =
            (x, t) -> x.mul(0.3).add(t.to(DType.FLOAT32).mul(0.05).view(1, 1, 1, 1));

    private static final DoubleBinaryOperator EPSILON = (x, t) -> 0.3 * x + 0.05 * t;

    private static Sampler sampler() {
        return new Sampler(CHAIN, new Solver.Ancestral(Variance.FIXED_LARGE), Clip.NONE).withThreads(1);
    }

    private static Sampler painting(float[] mask, int jumpLength, int resamplings) {
        var one = SHAPE.with(0, 1);
        return sampler().withKnown(Known.of(IMAGE, one, mask, one, jumpLength, resamplings));
    }

    private static float[] images(Sampler sampler) {
        try (var _ = TensorScope.open()) {
            return sampler.sample(MODEL, SHAPE, NOISE).toFloats();
        }
    }

    private static double product(int t) { // alphasCumprod up to t, 1 for -1
        return Arrays.stream(BETAS, 0, t + 1).reduce(1, (product, beta) -> product * (1 - beta));
    }

    private static float normal(Domain domain, int image, int step, int pixel) {
        return NOISE.normals(domain, image, step, PIXELS)[pixel];
    }

    /** One pixel walked along states as RePaint's own schedule lists them, by algorithm 1: lines 4 to 10. */
    private static double walked(int image, int pixel, List<Integer> states) {
        double x = normal(Domain.INITIAL, image, 0, pixel);
        var made = new HashMap<Integer, Integer>();
        var climbed = new HashMap<Integer, Integer>();
        for (int k = 0; k + 1 < states.size(); k++) {
            int from = states.get(k);
            int to = states.get(k + 1);
            if (to > from) { // line 10: x_t ~ N(sqrt(1 - beta) x_{t-1}, beta I)
                int again = climbed.merge(to, 1, Integer::sum);
                x = Math.sqrt(1 - BETAS[to]) * x
                        + Math.sqrt(BETAS[to]) * normal(Domain.UPWARD, image, to + again * T, pixel);
                continue;
            }
            int pass = made.merge(from, 1, Integer::sum) - 1;
            double epsilon = EPSILON.applyAsDouble(x, from); // lines 6 and 7: the unknown part
            double unknown = (x - BETAS[from] / Math.sqrt(1 - product(from)) * epsilon) / Math.sqrt(1 - BETAS[from]);
            double known = IMAGE[pixel]; // lines 4 and 5: the known part
            if (from > 0) {
                unknown += Math.sqrt(BETAS[from]) * normal(Domain.REVERSE, image, from + pass * T, pixel);
                known = Math.sqrt(product(to)) * known
                        + Math.sqrt(1 - product(to)) * normal(Domain.KNOWN, image, from + pass * T, pixel);
            }
            x = MASK[pixel] * known + (1 - MASK[pixel]) * unknown; // line 8
        }
        return x;
    }

    /** get_schedule_jump of RePaint's guided_diffusion/scheduler.py, line by line; -1 is the image. */
    private static List<Integer> scheduleJump(int jumpLength, int resamplings) {
        var jumps = new HashMap<Integer, Integer>();
        for (int j = 0; j < T - jumpLength; j += jumpLength) {
            jumps.put(j, resamplings - 1);
        }
        int t = T;
        var ts = new ArrayList<Integer>();
        while (t >= 1) {
            t = t - 1;
            ts.add(t);
            if (jumps.getOrDefault(t, 0) > 0) {
                jumps.merge(t, -1, Integer::sum);
                for (int i = 0; i < jumpLength; i++) {
                    t = t + 1;
                    ts.add(t);
                }
            }
        }
        ts.add(-1);
        return ts;
    }

    /** Within what float32 loses in some forty steps of factors near 1. */
    @ParameterizedTest
    @CsvSource({"1, 1", "1, 2", "2, 3", "3, 2", "5, 4"})
    void everyStepAndEveryJumpIsThePapers(int jumpLength, int resamplings) {
        var states = scheduleJump(jumpLength, resamplings);
        var images = images(painting(MASK, jumpLength, resamplings));
        for (int i = 0; i < images.length; i++) {
            assertEquals(walked(i / PIXELS, i % PIXELS, states), images[i], 2e-5, "element " + i);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "1, 3", "2, 2", "5, 2"})
    void stepsAreMadeInTheOrderOfRePaintsSchedule(int jumpLength, int resamplings) {
        var made = new ArrayList<Integer>();
        var counted = new long[2];
        images(painting(MASK, jumpLength, resamplings)
                .withStep(step -> {
                    made.add(step.index());
                    return step.x();
                })
                .withProgress((done, of) -> {
                    counted[0] = done;
                    counted[1] = of;
                }));
        var states = scheduleJump(jumpLength, resamplings);
        var expected = new ArrayList<Integer>();
        for (int k = 0; k + 1 < states.size(); k++) {
            if (states.get(k + 1) < states.get(k)) {
                expected.add(states.get(k));
            }
        }
        assertEquals(expected, made);
        assertArrayEquals(new long[] {expected.size(), expected.size()}, counted);
    }

    @Test
    void theKnownPixelsAreInTheResultBitForBitWithEverySolver() {
        for (var solver : List.of(new Solver.Ancestral(Variance.FIXED_SMALL), new Solver.Ddim(0), new Solver.Ddim(1))) {
            checkKnown(images(painting(MASK, 2, 2).withSolver(solver).withClip(Clip.X0)));
        }
        checkKnown(images(painting(MASK, 2, 1).withSolver(new Solver.DpmSolver())));
        checkKnown(images(painting(MASK, 2, 2).withStep(step -> step.x().add(1))));
    }

    private static void checkKnown(float[] images) {
        for (int i = 0; i < images.length; i++) {
            assertEquals(MASK[i % PIXELS] == 1, images[i] == IMAGE[i % PIXELS], "element " + i);
        }
    }

    @Test
    void whereAllIsKnownTheImagesComeBackAndWhereNothingIsTheyAreDrawnAsEver() {
        var all = new float[PIXELS];
        Arrays.fill(all, 1);
        var back = images(painting(all, 2, 2));
        assertArrayEquals(IMAGE, Arrays.copyOf(back, PIXELS));
        assertArrayEquals(IMAGE, Arrays.copyOfRange(back, PIXELS, 2 * PIXELS));
        assertArrayEquals(images(sampler()), images(painting(new float[PIXELS], 2, 1)));
        assertFalse(
                Arrays.equals(images(sampler()), images(painting(new float[PIXELS], 2, 2))), "with jumps another way");
    }

    @Test
    void anImageDependsOnNeitherItsBatchNorItsSlice() {
        var both = images(painting(MASK, 2, 3).withThreads(2));
        try (var _ = TensorScope.open()) {
            var second = painting(MASK, 2, 3).withFirstImage(1).sample(MODEL, SHAPE.with(0, 1), NOISE);
            assertArrayEquals(Arrays.copyOfRange(both, PIXELS, 2 * PIXELS), second.toFloats(), 1e-6f);
        }
    }

    @Test
    void eachImageOfABatchMayHaveKnownPixelsAndAMaskOfItsOwn() {
        try (var _ = TensorScope.open()) {
            var shape = Shape.of(2, 3, 1, 2);
            var known = new float[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
            var mask = Tensor.of(new float[] {1, 0, 0, 1}, Shape.of(2, 1, 1, 2)); // for all channels
            for (int threads = 1; threads <= 2; threads++) {
                var images = sampler()
                        .withThreads(threads)
                        .withKnown(Tensor.of(known, shape), mask, 1, 2)
                        .sample(MODEL, shape, NOISE)
                        .toFloats();
                for (int i = 0; i < known.length; i++) {
                    assertEquals(i % 2 == i / 6, images[i] == known[i], "element " + i);
                }
            }
        }
    }

    @Test
    void wrongSizesMasksJumpsAndSolversAreRefused() {
        var one = SHAPE.with(0, 1);
        refused("a mask of shape [1, 1, 3, 2]", () -> Known.of(IMAGE, one, MASK, Shape.of(1, 1, 3, 2), 1, 1));
        refused("never 0.5", () -> Known.of(IMAGE, one, new float[] {1, 0, 0.5f, 0, 0, 0}, one, 1, 1));
        refused("with 6 numbers", () -> Known.of(IMAGE, SHAPE, MASK, one, 1, 1));
        refused("not NaN", () -> Known.of(new float[] {Float.NaN, 0, 0, 0, 0, 0}, one, MASK, one, 1, 1));
        refused("a jump length of 0", () -> painting(MASK, 0, 1));
        refused("it must be shorter than the chain", () -> painting(MASK, T, 2));
        refused("at most 10000000 steps", () -> painting(MASK, 1, Integer.MAX_VALUE));
        refused("use ancestral sampling or DDIM", () -> painting(MASK, 2, 2).withSolver(new Solver.DpmSolver()));
        try (var _ = TensorScope.open()) {
            for (var shape : List.of(Shape.of(2, 3, 2, 3), Shape.of(1, 1, 3, 2))) {
                refused("for a batch of shape", () -> painting(MASK, 1, 1).sample(MODEL, shape, NOISE));
            }
            var two = Tensor.zeros(SHAPE, DType.FLOAT32, Device.CPU);
            refused(
                    "or as many as the batch",
                    () -> sampler().withKnown(two, two, 1, 1).sample(MODEL, SHAPE.with(0, 3), NOISE));
        }
    }

    private static void refused(String message, Runnable what) {
        var e = assertThrows(IllegalArgumentException.class, what::run);
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }
}
