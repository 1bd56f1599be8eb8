package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.model.Model;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import ddpm.testing.Close;
import ddpm.testing.Golden;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Reverse steps of two PyTorch translations of the paper's code, recorded, against one step of ours. */
class RecordedSamplersTest {
    private static final Diffusion HO = new Diffusion(BetaSchedule.ho2020());

    private static float[] floats(String name) throws IOException {
        return Golden.npy(name + ".npy").floats();
    }

    private static Tensor index(int t) {
        return Tensor.of(new long[] {t}, Shape.of(1));
    }

    /** pesser/pytorch_diffusion: x0 clipped, no noise at t = 0. */
    @ParameterizedTest
    @CsvSource({
        "0, FIXED_LARGE", "0, FIXED_SMALL",
        "500, FIXED_LARGE", "500, FIXED_SMALL",
        "999, FIXED_LARGE", "999, FIXED_SMALL"
    })
    void denoisingStepsAreThoseOfThePapersTranslation(int t, Variance variance) throws IOException {
        var shape = Shape.of(1, 3, 32, 32);
        var at = "ho_pytorch/denoise/t" + t + "_";
        var name = variance == Variance.FIXED_LARGE ? "fixedlarge" : "fixedsmall";
        try (var _ = TensorScope.open()) {
            var chain = SilentChain.of(HO, Prediction.EPSILON, Clip.X0, true, shape);
            var step = new ReverseStep(ReverseTable.ancestral(HO, Prediction.EPSILON, variance), chain);
            var sample = step.apply(
                    Tensor.of(floats(at + "x"), shape),
                    Tensor.of(floats(at + "eps"), shape),
                    index(t),
                    Tensor.of(floats(at + "noise"), shape));
            // Theirs multiplies its alphas up in float32, as far off at t = 999 as 1e-5 of x0 before it is clipped.
            Close.assertWithin(2e-5, floats(at + "x0"), chain.estimate().toFloats(), "x0 at " + t);
            Close.assertWithin(2e-5, floats(at + name + "_sample"), sample.toFloats(), "x_prev at " + t);
        }
    }

    /**
     * w86763777/pytorch-ddpm's sampler on its own network: three steps one after another, through loaded weights. It clips
     * x0 when the mean is formed already, which is not at all.
     */
    @ParameterizedTest
    @CsvSource({"0, 999", "1, 500", "2, 1"})
    void aChainOfALoadedModelGoesWhereItsOwnSamplerWent(int link, int t) throws IOException {
        var at = "w86763777/mult2/";
        var shape = Shape.of(2, 3, 16, 16);
        int all = (int) shape.numel();
        var stored = StoredModel.open(Golden.path(at + "ckpt.pt"), Weights.EMA);
        try (var _ = TensorScope.open();
                var model = Model.of(stored, Device.CPU)) {
            var states = floats(at + "sampler/chain_x");
            var noise = floats(at + "sampler/chain_noise");
            var xT = floats(at + "sampler/x_T");
            var x = link == 0 ? xT : Arrays.copyOfRange(states, (link - 1) * all, link * all);
            var table = ReverseTable.ancestral(HO, Prediction.EPSILON, Variance.FIXED_LARGE);
            var step = new ReverseStep(table, SilentChain.of(HO, Prediction.EPSILON, Clip.NONE, false, shape));
            var xs = Tensor.of(x, shape);
            var next = step.apply(
                    xs,
                    model.predict(xs, index(t)),
                    index(t),
                    Tensor.of(Arrays.copyOfRange(noise, link * all, (link + 1) * all), shape));
            // Outputs agree within 2e-5, of which a step takes at most 0.02; the rest is rounding of states up to 4.
            Close.assertWithin(
                    5e-6,
                    Arrays.copyOfRange(states, link * all, (link + 1) * all),
                    next.toFloats(),
                    "state after " + t);
            var fromXT = Tensor.of(xT, shape);
            var mean = step.apply(fromXT, model.predict(fromXT, index(t)), index(t), fromXT.mul(0));
            Close.assertWithin(5e-6, floats(at + "sampler/t" + t + "_mean"), mean.toFloats(), "mean at " + t);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Variance.class,
            names = {"FIXED_SMALL", "FIXED_LARGE"})
    void logVariancesAreThoseOfItsSampler(Variance variance) throws IOException {
        var name = variance == Variance.FIXED_LARGE ? "fixedlarge" : "fixedsmall";
        for (int t : new int[] {999, 500, 1}) {
            // Stored as float32.
            assertEquals(
                    floats("w86763777/mult2/sampler/t" + t + "_logvar_" + name)[0],
                    HO.logVariance(variance).at(t),
                    1e-6);
        }
    }
}
