package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.model.Model;
import ddpm.sampling.GraphSteps;
import ddpm.sampling.Sampler;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.DeviceMemory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sampling from the built-in model on a GPU: step by step, by graphs of K steps, and in one launch. */
@Tag("gpu")
class SamplerGpuTest {
    private static final long MIB = 1 << 20;

    private static Device device;
    private static Model model;

    @BeforeAll
    static void gpu() throws IOException {
        device = Gpu.require();
        model = Model.embedded(device);
    }

    @AfterAll
    static void close() {
        if (model != null) {
            model.close();
        }
    }

    private enum Kind {
        ANCESTRAL,
        DDIM,
        DPM_SOLVER;

        Sampler sampler(int steps) {
            var chain = new Diffusion(model.card().schedule()).respaced(Timesteps.even(1000, steps));
            return switch (this) {
                case ANCESTRAL -> model.card().sampler(chain);
                case DDIM -> Sampler.ddim(chain, 0.5);
                case DPM_SOLVER -> Sampler.dpmSolver(chain);
            };
        }
    }

    /** Images as one array; fails if the sampler did anything else than it was asked for. */
    private static float[] sample(Sampler sampler, int batch, long seed) {
        return sample(sampler, model, batch, seed, device);
    }

    private static float[] sample(Sampler sampler, Model with, int batch, long seed, Device where) {
        var notes = new ArrayList<String>();
        var told = sampler.withProgress(new Sampler.Progress() {
            @Override
            public void steps(long done, long of) {}

            @Override
            public void note(String line) {
                notes.add(line);
            }
        });
        try (var _ = TensorScope.open()) {
            var images = told.sample(with, with.card().images(batch), Noise.seed(seed), where)
                    .images()
                    .toFloats();
            assertEquals(List.of(), notes);
            return images;
        }
    }

    /** Bits: a graph launches the very kernels that ran eagerly, on the same numbers. */
    @ParameterizedTest
    @CsvSource({
        "ANCESTRAL, 1, 50",
        "ANCESTRAL, 16, 50",
        "ANCESTRAL, 256, 12",
        "DDIM, 1, 50",
        "DDIM, 16, 50",
        "DPM_SOLVER, 1, 20",
        "DPM_SOLVER, 16, 20",
    })
    void graphsOfAnySizeAndOneLaunchGiveTheImagesOfSingleSteps(Kind kind, int batch, int steps) {
        var sampler = kind.sampler(steps);
        var eager = sample(sampler.withGraphSteps(GraphSteps.NONE), batch, 7);
        for (float value : eager) {
            assertTrue(Float.isFinite(value));
        }
        for (var graph : List.of(GraphSteps.of(1), GraphSteps.of(7), GraphSteps.AUTO, GraphSteps.ALL)) {
            assertArrayEquals(
                    eager, sample(sampler.withGraphSteps(graph), batch, 7), () -> "steps per launch " + graph);
        }
    }

    @Test
    void theSameSeedRepeatsAndAnotherDoesNot() {
        for (var graph : List.of(GraphSteps.AUTO, GraphSteps.ALL)) {
            var sampler = Kind.ANCESTRAL.sampler(30).withGraphSteps(graph);
            var first = sample(sampler, 4, 7);
            assertArrayEquals(first, sample(sampler, 4, 7));
            assertFalse(Arrays.equals(first, sample(sampler, 4, 8)));
        }
    }

    /**
     * Float32 on both sides, TF32 being off unless asked for, and the same noise. Rounding
     * differs by 1e-6 a step; where x0 is clipped and the chain contracts it stays of that order. The bound of 2e-3, a
     * quarter of a grey level in 256 (2 / 255), is for the mean; single pixels at edges may differ by more.
     */
    @Test
    void theGpusImagesAreTheCpus() throws IOException {
        try (var onCpu = Model.embedded(Device.CPU)) {
            var sampler = Kind.ANCESTRAL.sampler(50);
            var cpu = sample(sampler, onCpu, 4, 7, Device.CPU);
            var gpu = sample(sampler.withGraphSteps(GraphSteps.ALL), 4, 7);
            double sum = 0;
            double worst = 0;
            for (int i = 0; i < cpu.length; i++) {
                sum += Math.abs(cpu[i] - gpu[i]);
                worst = Math.max(worst, Math.abs(cpu[i] - gpu[i]));
            }
            double mean = sum / cpu.length;
            double largest = worst;
            assertTrue(mean < 2e-3 && largest < 0.1, () -> "mean difference " + mean + ", largest " + largest);
        }
    }

    /** What libtorch caches for a stream serves the next graph, so nothing grows after the first ones. */
    @ParameterizedTest
    @ValueSource(strings = {"5", "all"})
    void twentyGraphsLeaveTheDevicesMemoryAsItWas(String steps) {
        var sampler = Kind.ANCESTRAL.sampler(11).withGraphSteps(GraphSteps.parse(steps));
        for (int i = 0; i < 3; i++) {
            sample(sampler, 16, i);
        }
        long tensors = TensorScope.liveTensors();
        long before = DeviceMemory.of(device).free();
        for (int i = 0; i < 20; i++) {
            sample(sampler, 16, i);
        }
        long grown = before - DeviceMemory.of(device).free();
        assertEquals(tensors, TensorScope.liveTensors());
        // A leak of one graph's activations would be 20 times some 10 MiB; other processes may share the card.
        assertTrue(grown < 32 * MIB, () -> "20 graphs took " + grown / MIB + " MiB");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "5", "all"})
    void anInterruptEndsTheLoopAndTheNextOneRuns(String steps) {
        var sampler = Kind.ANCESTRAL.sampler(1000).withGraphSteps(GraphSteps.parse(steps));
        var me = Thread.currentThread();
        var interrupted = sampler.withProgress((done, of) -> {
            if (done < of) {
                me.interrupt();
            }
        });
        try (var _ = TensorScope.open()) {
            assertThrows(
                    CancellationException.class,
                    () -> interrupted.sample(model, model.card().images(16), Noise.seed(7), device));
        } finally {
            Thread.interrupted();
        }
        var small = Kind.ANCESTRAL.sampler(20);
        assertArrayEquals(
                sample(small.withGraphSteps(GraphSteps.NONE), 2, 7),
                sample(small.withGraphSteps(GraphSteps.parse(steps)), 2, 7));
    }

    /** A model that wants a petabyte, eagerly and while it is recorded. */
    @ParameterizedTest
    @ValueSource(strings = {"none", "5", "auto", "all"})
    void aModelThatNeedsMoreMemoryThanThereIsEndsInAnError(String steps) {
        var sampler = Kind.ANCESTRAL.sampler(20).withGraphSteps(GraphSteps.parse(steps));
        try (var _ = TensorScope.open()) {
            var e = assertThrows(
                    TorchException.class,
                    () -> sampler.sample(
                            (x, _) -> {
                                Tensor.empty(Shape.of(1L << 48), DType.FLOAT32, device);
                                return x;
                            },
                            model.card().images(1),
                            Noise.seed(7),
                            device));
            assertTrue(e.getMessage().contains("memory"), e.getMessage());
        }
        assertEquals(1024, sample(Kind.ANCESTRAL.sampler(5), 1, 7).length);
    }
}
