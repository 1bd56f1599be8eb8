package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.Graph;
import ddpm.torch.cuda.StepKernels;
import ddpm.torch.cuda.Stream;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Streams and graphs by themselves, on a convolution that adds its result to a sum. */
@Tag("gpu")
class GraphGpuTest {
    private static Device device;

    @BeforeAll
    static void gpu() {
        device = Gpu.require();
    }

    /** @param sum {@code [2, 8, 16, 16]}, to which each run adds the convolution of x */
    private record Work(Tensor x, Tensor weight, Tensor sum) implements Runnable {
        static Work on(Device device) {
            var shape = Shape.of(2, 8, 16, 16);
            var values = new float[Math.toIntExact(shape.numel())];
            for (int i = 0; i < values.length; i++) {
                values[i] = i % 13 - 6;
            }
            return new Work(
                    Tensor.of(values, shape).on(device).contiguous(MemoryFormat.CHANNELS_LAST),
                    Tensor.full(Shape.of(8, 8, 3, 3), 1, DType.FLOAT32, device),
                    Tensor.zeros(shape, DType.FLOAT32, device));
        }

        @Override
        public void run() {
            try (var _ = TensorScope.open()) {
                sum.copyFrom(sum.add(Ops.conv2d(x, weight, null, 1, 1)));
            }
        }
    }

    @Test
    void aGraphDoesWhatItsWorkDid() {
        try (var stream = Stream.open(device);
                var _ = stream.use();
                var _ = TensorScope.open()) {
            var work = Work.on(device);
            for (int i = 0; i < 3; i++) {
                work.run();
            }
            var expected = work.sum().toFloats();
            try (var graph = Graph.capture(stream, work)) {
                assertTrue(graph.nodes() > 0);
                assertArrayEquals(expected, work.sum().toFloats(), "capturing alone computes nothing");
                work.sum().zero();
                for (int i = 0; i < 3; i++) {
                    graph.launch();
                }
                assertArrayEquals(expected, work.sum().toFloats());
            }
        }
    }

    @Test
    void aLoopGoesRoundUntilTheCounterIsBelowZero() {
        try (var stream = Stream.open(device);
                var _ = stream.use();
                var _ = TensorScope.open()) {
            assertEquals(Optional.empty(), Graph.whyNoLoop(stream));
            var kernels = StepKernels.on(device);
            kernels.loadLoopEnd();
            var work = Work.on(device);
            work.run();
            var once = work.sum().toFloats();
            work.sum().zero();
            var counter = Tensor.of(new long[] {99}, Shape.of(1)).on(device);
            try (var loop = Graph.captureLoop(stream, condition -> {
                work.run();
                kernels.loopEnd(counter, condition);
            })) {
                loop.launch();
                var sum = work.sum().toFloats();
                for (int i = 0; i < sum.length; i++) {
                    float expected = 0;
                    for (int round = 0; round < 100; round++) {
                        expected += once[i];
                    }
                    assertEquals(expected, sum[i]);
                }
                assertEquals(-1, counter.toLongs()[0]);
            }
        }
    }

    @Test
    void workThatWaitsForTheDeviceCannotBeCapturedAndHarmsNothing() {
        try (var stream = Stream.open(device);
                var _ = stream.use();
                var _ = TensorScope.open()) {
            var work = Work.on(device);
            work.run();
            assertThrows(
                    TorchException.class,
                    () -> Graph.capture(stream, () -> work.sum().toFloats()));
            var before = work.sum().toFloats();
            work.sum().zero();
            try (var graph = Graph.capture(stream, work)) {
                graph.launch();
                assertArrayEquals(before, work.sum().toFloats());
            }
        }
    }

    /** Asks for a petabyte: no card has it, so the driver must be asked and must refuse. */
    @Test
    void outOfMemoryIsAnErrorAfterWhichWorkGoesOn() {
        try (var _ = TensorScope.open()) {
            var e = assertThrows(TorchException.class, () -> Tensor.empty(Shape.of(1L << 48), DType.FLOAT32, device));
            assertTrue(e.getMessage().contains("memory"), e.getMessage());
            assertEquals(8, Tensor.full(Shape.of(1), 8, DType.FLOAT32, device).item());
        }
    }
}
