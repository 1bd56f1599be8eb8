package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Table;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Loops, hooks and solvers of one's own against the sampler's. */
class StepsTest {
    private static final Diffusion CHAIN = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(1000, 12));
    private static final Shape SHAPE = Shape.of(2, 3, 4, 4);
    private static final Denoiser MODEL = (x, _) -> x.mul(0.3).add(0.1);
    private static final Noise NOISE = Noise.seed(5);

    private static Tensor z(Noise.Domain domain, int step) {
        var values = new float[(int) SHAPE.numel()];
        NOISE.normals(domain, 0, step, values, 0, values.length / 2);
        NOISE.normals(domain, 1, step, values, values.length / 2, values.length / 2);
        return Tensor.of(values, SHAPE);
    }

    @Test
    void aLoopOfOnesOwnGivesTheSamplersImages() {
        for (var sampler : new Sampler[] {Sampler.ancestral(CHAIN, Variance.FIXED_LARGE), Sampler.dpmSolver(CHAIN)}) {
            try (var _ = TensorScope.open()) {
                var steps = sampler.steps(MODEL, SHAPE, Device.CPU);
                var x = z(Noise.Domain.INITIAL, 0);
                for (int i = 11; i >= 0; i--) {
                    x = steps.step(x, i, z(Noise.Domain.REVERSE, i));
                }
                assertArrayEquals(sampler.sample(MODEL, SHAPE, NOISE).toFloats(), x.toFloats());
                assertArrayEquals(x.toFloats(), steps.x0().toFloats(), 1e-6f, "the last step's mean is its x0");
            }
        }
    }

    @Test
    void stepsRefuseWhatTheyCannotMake() {
        try (var _ = TensorScope.open()) {
            var steps = Sampler.ancestral(CHAIN, Variance.FIXED_LARGE).steps(MODEL, SHAPE, Device.CPU);
            var x = z(Noise.Domain.INITIAL, 0);
            assertThrows(IllegalArgumentException.class, () -> steps.step(x, 12, x));
            assertThrows(IllegalArgumentException.class, () -> steps.step(x, -1, x));
            assertThrows(IllegalArgumentException.class, () -> steps.step(x, 3, null));
            assertThrows(IllegalArgumentException.class, () -> steps.step(x.narrow(0, 0, 1), 3, x));
            assertEquals(SHAPE, steps.step(x, 0, null).shape(), "the last step adds no noise");
        }
    }

    @Test
    void theHookSeesEveryStepAndMayChangeIt() {
        var seen = Collections.synchronizedList(new ArrayList<Integer>());
        var sampler = Sampler.ancestral(CHAIN, Variance.FIXED_LARGE)
                .withThreads(1)
                .withStep(step -> {
                    seen.add(step.index());
                    assertTrue(step.x0().toFloats()[0] <= 1, "x0 is clipped");
                    return step.index() == 0 ? step.x().mul(0).add(0.25) : step.x();
                });
        try (var _ = TensorScope.open()) {
            var images = sampler.sample(MODEL, SHAPE, NOISE).toFloats();
            assertEquals(IntStream.range(0, 12).mapToObj(i -> 11 - i).toList(), seen);
            for (float value : images) {
                assertEquals(0.25f, value);
            }
            var wrong = sampler.withStep(step -> step.x().narrow(0, 0, 1));
            var e = assertThrows(IllegalArgumentException.class, () -> wrong.sample(MODEL, SHAPE, NOISE));
            assertTrue(e.getMessage().contains("the hook after step 11 returned [1, 3, 4, 4]"), e.getMessage());
        }
    }

    @Test
    void aHookThatChangesNothingChangesNoBit() {
        var sampler = Sampler.ancestral(CHAIN, Variance.FIXED_LARGE).withThreads(2);
        try (var _ = TensorScope.open()) {
            assertArrayEquals(
                    sampler.sample(MODEL, SHAPE, NOISE).toFloats(),
                    sampler.withStep(Sampler.Step::x)
                            .sample(MODEL, SHAPE, NOISE)
                            .toFloats());
        }
    }

    /** The solver written down in Solver's documentation. */
    @Test
    void aSolverOfOnesOwnIsDdim() {
        Solver written = chain -> {
            var all = chain.diffusion();
            var signal = chain.table(all.sqrtAlphasCumprod());
            var noise = chain.table(all.sqrtOneMinusAlphasCumprod());
            var signalPrev = chain.table(
                    Table.of(all.steps(), i -> Math.sqrt(all.alphasCumprodPrev().at(i))));
            var noisePrev = chain.table(Table.of(
                    all.steps(), i -> Math.sqrt(1 - all.alphasCumprodPrev().at(i))));
            return (xt, i, z) -> {
                var x0 = chain.x0(xt, chain.output(xt, i), i);
                var epsilon = xt.sub(signal.at(i).mul(x0)).div(noise.at(i));
                return signalPrev.at(i).mul(x0).add(noisePrev.at(i).mul(epsilon));
            };
        };
        try (var _ = TensorScope.open()) {
            var ddim = Sampler.ddim(CHAIN, 0).sample(MODEL, SHAPE, NOISE).toFloats();
            var own = new Sampler(CHAIN, written, Clip.X0)
                    .sample(MODEL, SHAPE, NOISE)
                    .toFloats();
            assertArrayEquals(ddim, own, 2e-6f, "float32 in another order of operations");
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "2, 7", "18, 7", "50, 7", "999, 7", "1000, 7", "18, 1"})
    void karrasTimestepsAreExactlySoManyAndDense(int count, double rho) {
        var full = new Diffusion(BetaSchedule.ho2020());
        var timesteps = Timesteps.karras(full, count, rho);
        assertEquals(count, timesteps.count());
        assertEquals(999, timesteps.at(0));
        if (count > 1) {
            assertEquals(0, timesteps.at(count - 1));
        }
        if (count == 18 && rho == 7) {
            // EDM's levels from sigma(999) = 157.4 to sigma(0) = 0.0100, each within half a timestep.
            double largest = Math.pow(full.sigmas().at(999), 1 / 7.0);
            double smallest = Math.pow(full.sigmas().at(0), 1 / 7.0);
            for (int i = 0; i < 17; i++) {
                double sigma = Math.pow(largest + i / 17.0 * (smallest - largest), 7);
                assertEquals(full.timestepOf(sigma), timesteps.at(i), 0.75, "level " + i);
            }
        }
    }

    @Test
    void timestepsOfSigmasInvertSigmas() {
        var sigmas = CHAIN.sigmas();
        for (int i = 0; i < 12; i++) {
            assertEquals(CHAIN.timestep(i), CHAIN.timestepOf(sigmas.at(i)), 1e-9);
        }
        assertEquals(0, CHAIN.timestepOf(1e-9));
        assertEquals(999, CHAIN.timestepOf(1e9));
        double between = CHAIN.timestepOf(Math.sqrt(sigmas.at(3) * sigmas.at(4)));
        assertEquals((CHAIN.timestep(3) + CHAIN.timestep(4)) / 2.0, between, 1e-9, "halfway in ln sigma");
        assertThrows(IllegalArgumentException.class, () -> CHAIN.timestepOf(0));
    }
}
