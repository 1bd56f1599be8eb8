package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.cuda.CudaStatus;
import ddpm.torch.cuda.NcclCommunicator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Sums and broadcasts over NCCL: a group of one on the first GPU, and of all GPUs of this machine, a thread for each. */
@Tag("gpu")
class NcclGpuTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int NUMBERS = 1_000_003;

    @BeforeAll
    static void gpu() {
        Gpu.require();
    }

    @Test
    void aGroupOfOneSumsToItself() throws Exception {
        exchange(1);
    }

    @Test
    void allGpusOfThisMachineSumTogether() throws Exception {
        exchange(CudaStatus.of(LibTorch.load()).devices().size());
    }

    private static void exchange(int size) throws Exception {
        var id = NcclCommunicator.newId();
        try (var threads = Executors.newFixedThreadPool(size)) {
            var ranks = new ArrayList<Future<?>>();
            for (int rank = 0; rank < size; rank++) {
                int mine = rank;
                ranks.add(threads.submit(() -> member(id, mine, size)));
            }
            for (var rank : ranks) {
                rank.get();
            }
        }
    }

    private static void member(byte[] id, int rank, int size) {
        var device = Device.cuda(rank);
        try (var _ = TensorScope.open();
                var group = NcclCommunicator.join(id, rank, size, device, LIMIT, LIMIT)) {
            // Behind work that is still queued: the sum must wait for it.
            var floats = Tensor.full(Shape.of(NUMBERS), rank + 1, DType.FLOAT32, device)
                    .mul(2.0);
            group.allReduce(floats);
            float sum = size * (size + 1);
            var values = floats.toFloats();
            assertEquals(sum, values[0]);
            assertEquals(sum, values[NUMBERS - 1]);
            var doubles =
                    Tensor.of(new double[] {0.1 * (rank + 1)}, Shape.of(1)).on(device);
            group.allReduce(doubles);
            assertEquals(0.05 * size * (size + 1), doubles.toDoubles()[0], 1e-12);
            var longs = Tensor.of(new long[] {1L << 40, rank}, Shape.of(2)).on(device);
            group.allReduce(longs);
            assertArrayEquals(
                    new double[] {(double) size * (1L << 40), size * (size - 1) / 2.0},
                    longs.on(Device.CPU).toDoubles());
            var first = Tensor.of(new float[] {rank + 7}, Shape.of(1)).on(device);
            group.broadcast(first);
            assertArrayEquals(new float[] {7}, first.toFloats());
        }
    }
}
