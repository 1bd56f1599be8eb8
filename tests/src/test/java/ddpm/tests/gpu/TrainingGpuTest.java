package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Noise.Domain;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Training steps on a GPU beside the same steps on the CPU: forward, backward and Adam, from the same numbers. */
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
     * Losses of float32 with TF32 off differ by the order of their sums, 1e-6 at the first step. Adam divides gradients by
     * their own size, which makes small differences of small gradients whole: 1e-3 after five steps, as between two CPUs.
     */
    @ParameterizedTest
    @EnumSource
    void theLossesOfTrainingStepsAreTheCpus(Net net) {
        var cpu = losses(net, Device.CPU);
        var gpu = losses(net, device);
        assertEquals(cpu[0], gpu[0], 1e-4 * cpu[0], "the first step's loss");
        for (int step = 1; step < STEPS; step++) {
            assertEquals(cpu[step], gpu[step], 2e-3 * cpu[step], "loss of step " + step);
        }
        assertTrue(cpu[STEPS - 1] < cpu[0], "the loss goes down");
    }

    private static double[] losses(Net net, Device where) {
        var noise = Noise.seed(3);
        var losses = new double[STEPS];
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var network = net.config.build(params);
            params.allocate(where, DType.FLOAT32)
                    .initialise(
                            (parameter, target) -> noise.uniforms(Domain.INIT, parameter, 0, target, 0, target.length));
            params.trainable();
            var shape = Shape.of(BATCH, 3, 32, 32);
            var forward = new ForwardProcess(new Diffusion(BetaSchedule.ho2020()), where);
            var x0 = Tensor.of(noise.normals(Domain.TRAIN_ORDER, 0, 0, 3 * 32 * 32 * BATCH), shape)
                    .on(where);
            var epsilon = Tensor.of(noise.normals(Domain.TRAIN_NOISE, 0, 0, 3 * 32 * 32 * BATCH), shape)
                    .on(where);
            var t = Tensor.of(new long[] {0, 10, 100, 300, 500, 700, 900, 999}, Shape.of(BATCH))
                    .on(where);
            var first = Tensor.zeros(params.flat().shape(), DType.FLOAT32, where);
            var second = Tensor.zeros(params.flat().shape(), DType.FLOAT32, where);
            for (int step = 0; step < STEPS; step++) {
                params.flatGradient().zero();
                try (var _ = TensorScope.open();
                        var _ = GradMode.on()) {
                    var loss = Ops.mseLoss(network.forward(forward.xt(x0, t, epsilon), t), epsilon);
                    loss.backward();
                    losses[step] = loss.item();
                }
                try (var _ = GradMode.off()) {
                    Ops.adamStep(
                            params.flat(),
                            params.flatGradient(),
                            first,
                            second,
                            step + 1,
                            1e-3,
                            0.9,
                            0.999,
                            0,
                            1e-8,
                            Ops.Decay.DECOUPLED);
                }
            }
        }
        return losses;
    }
}
