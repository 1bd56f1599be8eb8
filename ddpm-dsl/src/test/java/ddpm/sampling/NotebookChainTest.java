package ddpm.sampling;

import static ddpm.testing.Close.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.testing.NotebookRun;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The notebook's own tables, forward process and sampler, element by element. */
class NotebookChainTest {
    private static final Diffusion DIFFUSION = new Diffusion(BetaSchedule.ho2020());

    /** The notebook accumulates its tables in float32, and 1 - alphasCumprod cancels at small t. */
    @Test
    void tablesAreTheNotebooksWithinItsRounding() throws IOException {
        var tables = Map.of(
                "betas", DIFFUSION.betas(),
                "alphas", DIFFUSION.alphas(),
                "abar", DIFFUSION.alphasCumprod(),
                "abar_prev", DIFFUSION.alphasCumprodPrev(),
                "posterior_var", DIFFUSION.posteriorVariance());
        for (var table : tables.entrySet()) {
            var expected = NotebookRun.npy("schedule_" + table.getKey()).doubles();
            for (int t = 0; t < expected.length; t++) {
                double tolerance = table.getKey().equals("posterior_var") ? 2e-6 : 2e-6 * expected[t];
                assertEquals(expected[t], table.getValue().at(t), tolerance, table.getKey() + "[" + t + "]");
            }
        }
    }

    @Test
    void noisyImagesAreTheNotebooks() throws IOException {
        try (var _ = TensorScope.open()) {
            var t = Tensor.of(NotebookRun.npy("t").longs(), Shape.of(4));
            var xt = new ForwardProcess(DIFFUSION, Device.CPU)
                    .xt(NotebookRun.tensor("q_x0"), t, NotebookRun.tensor("q_noise"));
            assertWithin(1e-5, NotebookRun.npy("q_xt").floats(), xt.toFloats(), "x_t");
        }
    }

    /** Twenty reverse steps with the recorded noise, by the weights that our own five training steps lead to. */
    @Test
    void theReverseChainPassesThroughTheNotebooksStates() throws IOException {
        try (var model = NotebookRun.initial();
                var trainer = NotebookRun.trainer(model);
                var _ = TensorScope.open()) {
            NotebookRun.train(trainer);
            try (var _ = GradMode.off()) {
                var step = new ReverseStep(
                        ReverseTable.ancestral(DIFFUSION, Prediction.EPSILON, Variance.FIXED_SMALL),
                        SilentChain.of(DIFFUSION, Prediction.EPSILON, Clip.NONE, false, Shape.of(4, 3, 32, 32)));
                var x = NotebookRun.tensor("chain_xT");
                var noise = NotebookRun.tensor("chain_noise");
                for (int t = 19; t >= 0; t--) {
                    var index = new long[4];
                    Arrays.fill(index, t);
                    var at = Tensor.of(index, Shape.of(4));
                    var z = Ops.indexSelect(noise, 0, Tensor.of(new long[] {19 - t}, Shape.of(1)))
                            .view(4, 3, 32, 32);
                    x = step.apply(x, model.predict(x, at), at, z);
                    if (t == 19 || t == 10 || t == 1 || t == 0) {
                        assertWithin(
                                1e-3,
                                NotebookRun.npy("chain_x_after_t" + t).floats(),
                                x.toFloats(),
                                "x after t = " + t);
                    }
                }
            }
        }
    }
}
