package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Noise.Domain;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.NetworkConfig;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.train.Batch;
import ddpm.train.StepReport;
import ddpm.train.TrainConfig;
import ddpm.train.Trainer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training steps on a GPU beside the same steps on the CPU: forward, backward, clipping and Adam from the same numbers. */
@Tag("gpu")
class TrainingGpuTest {
    private static final int STEPS = 5;
    private static final int BATCH = 8;

    private static Device device;

    private enum Net {
        UNET_MINI(UNetMini.Config.ofChannels(3)),
        UNET(UNetConfig.mini(3));

        private final NetworkConfig config;

        Net(NetworkConfig config) {
            this.config = config;
        }
    }

    @BeforeAll
    static void gpu() {
        device = Gpu.require();
    }

    /**
     * Losses of float32 differ by the order of their sums, 1e-6 at the first step. Adam divides gradients by their own size,
     * which makes small differences of small gradients whole: 1e-3 after five steps, as between two CPUs.
     */
    @ParameterizedTest
    @EnumSource
    void lossesAndGradientNormsAreTheCpus(Net net) {
        var cpu = train(net, Device.CPU, DType.FLOAT32);
        var gpu = train(net, device, DType.FLOAT32);
        assertEquals(
                cpu.getFirst().loss(),
                gpu.getFirst().loss(),
                1e-4 * cpu.getFirst().loss());
        for (int step = 0; step < STEPS; step++) {
            assertEquals(
                    cpu.get(step).loss(),
                    gpu.get(step).loss(),
                    2e-3 * cpu.get(step).loss(),
                    "loss of " + step);
            assertEquals(
                    cpu.get(step).gradientNorm(),
                    gpu.get(step).gradientNorm(),
                    2e-2 * cpu.get(step).gradientNorm(),
                    "gradient norm of step " + step);
        }
        assertTrue(gpu.getLast().loss() < gpu.getFirst().loss(), "the loss goes down");
    }

    /** bf16 has 8 bits of mantissa: 4e-3 of each number, which the mean over 24,576 of them makes smaller. */
    @ParameterizedTest
    @EnumSource
    void halfPrecisionGivesTheFirstLossOfFloat32(Net net) {
        double full = train(net, Device.CPU, DType.FLOAT32).getFirst().loss();
        assertEquals(full, train(net, device, DType.BFLOAT16).getFirst().loss(), 1e-2 * full);
    }

    private static List<StepReport> train(Net net, Device where, DType precision) {
        var card = ModelCard.of(net.config, BetaSchedule.ho2020(), 32, 32);
        var config = TrainConfig.notebook(1, 100).withBatch(BATCH).withPrecision(precision);
        var noise = Noise.seed(3);
        int values = BATCH * 3 * 32 * 32;
        var batch = new Batch(
                new int[BATCH],
                noise.normals(Domain.EVAL, 0, 0, values),
                new long[] {0, 10, 100, 300, 500, 700, 900, 999},
                noise.normals(Domain.EVAL, 1, 0, values),
                card.images(BATCH));
        var reports = new ArrayList<StepReport>();
        try (var model = new Model(card, where);
                var trainer = new Trainer(model, new NoImages(), config)) {
            trainer.initialise();
            for (int step = 0; step < STEPS; step++) {
                reports.add(trainer.train(batch));
            }
        }
        return reports;
    }

    /** A trainer wants a set of images; the batches here are made by hand. */
    private static final class NoImages implements ImageSet {
        @Override
        public int size() {
            return BATCH;
        }

        @Override
        public ImageShape shape() {
            return ImageShape.square(3, 32);
        }

        @Override
        public void read(int index, byte[] target, int offset) {
            throw new UnsupportedOperationException();
        }

        @Override
        public String name(int index) {
            return "none";
        }

        @Override
        public String describe() {
            return "no images";
        }

        @Override
        public String fingerprint() {
            return "0".repeat(32);
        }
    }
}
