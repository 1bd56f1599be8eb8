package ddpm.sampling;

import static ddpm.testing.Close.assertWithin;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.DeviceTable;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Table;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.model.Model;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole chains of diffusers' schedulers on its own UNet, of 8 steps in its "leading" spacing, with recorded noise. */
class DiffusersChainTest {
    private static final Shape IMAGE = Shape.of(1, 3, 32, 32);

    private static final Diffusion CHAIN = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.leading(1000, 8, 0));

    private static NpyFile npy(String name) throws IOException {
        return NpyFile.read(Golden.path("diffusers/sampling/" + name + ".npy"));
    }

    @ParameterizedTest
    @CsvSource({"ddpm_fixed_small, FIXED_SMALL", "ddpm_fixed_large, FIXED_LARGE"})
    void theAncestralChainPassesThroughDiffusersStates(String chain, Variance variance) throws IOException {
        var table = ReverseTable.ancestral(CHAIN, Prediction.EPSILON, variance);
        try (var _ = TensorScope.open()) {
            var step = new ReverseStep(table, SilentChain.of(CHAIN, Prediction.EPSILON, Clip.X0, false, IMAGE));
            walk(chain, step::apply);
        }
    }

    /**
     * diffusers pairs a clipped x0 with the epsilon of the unclipped one, unless asked otherwise, which it was not here: its
     * step is ours without clipping, with sqrt(alphasCumprodPrev) times what clipping takes off x0.
     */
    @ParameterizedTest
    @CsvSource({"ddim_eta0, 0", "ddim_eta1, 1"})
    void theDdimChainPassesThroughDiffusersStates(String chain, double eta) throws IOException {
        var table = ReverseTable.ddim(CHAIN, Prediction.EPSILON, eta);
        try (var _ = TensorScope.open()) {
            var silent = SilentChain.of(CHAIN, Prediction.EPSILON, Clip.NONE, true, IMAGE);
            var step = new ReverseStep(table, silent);
            var signalPrev = new DeviceTable(
                    Table.of(8, i -> Math.sqrt(CHAIN.alphasCumprodPrev().at(i))), Device.CPU);
            walk(chain, (x, output, index, z) -> {
                var unclipped = step.apply(x, output, index, z);
                var x0 = silent.estimate();
                return unclipped.add(
                        signalPrev.at(index).mul(Ops.clamp(x0, -1, 1).sub(x0)));
            });
        }
    }

    private interface Step {
        Tensor apply(Tensor x, Tensor output, Tensor index, Tensor z);
    }

    private static void walk(String chain, Step step) throws IOException {
        var states = npy(chain + "_traj").floats();
        var noise = npy("noise").floats();
        int n = (int) IMAGE.numel();
        try (var model = Model.load(Golden.path("hf_unet/current"), Device.CPU);
                var _ = GradMode.off()) {
            var x = Tensor.of(npy("x_T").floats(), IMAGE);
            for (int i = 0; i < 8; i++) {
                int index = 7 - i;
                var t = Tensor.of(new long[] {CHAIN.timestep(index)}, Shape.of(1));
                var z = Tensor.of(Arrays.copyOfRange(noise, i * n, (i + 1) * n), IMAGE);
                x = step.apply(x, model.predict(x, t), Tensor.of(new long[] {index}, Shape.of(1)), z);
                // Diffusers in float32 is itself up to 5e-5 from its own float64.
                assertWithin(
                        5e-4, Arrays.copyOfRange(states, i * n, (i + 1) * n), x.toFloats(), chain + " after step " + i);
            }
        }
    }
}
