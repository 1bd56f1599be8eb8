package ddpm.tests.bench;

import ddpm.diffusion.Diffusion;
import ddpm.nn.Params;
import ddpm.tests.networks.PlainNetwork;
import ddpm.tests.networks.Weights;
import ddpm.torch.GradMode;
import ddpm.torch.TensorScope;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/** The notebook's sampling loop on JavaCPP's generated classes, line by line: row-major, every thread in every operator. */
final class EagerSampling {
    private final PlainNetwork network;

    /** The weights are copied, row-major, into the current scope. */
    EagerSampling(Contest contest, Params params) {
        network = PlainNetwork.of(contest.config(), Weights.cpp(Weights.copies(params)));
    }

    /** Walks the chain once from noise; returns the seconds it took. */
    double run(Diffusion chain, long batch) {
        try (var _ = TensorScope.open();
                var _ = new PointerScope();
                var _ = GradMode.off()) {
            long start = System.nanoTime();
            var x = torch.randn(batch, 3, 32, 32);
            for (int i = chain.steps() - 1; i >= 0; i--) {
                try (var _ = new PointerScope()) {
                    var t = torch.full(new long[] {batch}, new Scalar((float) chain.timestep(i)));
                    var epsilon = network.forward(x, t, null);
                    double beta = chain.betas().at(i);
                    double scale = beta / chain.sqrtOneMinusAlphasCumprod().at(i);
                    var mean = x.sub(epsilon.mul(new Scalar(scale)))
                            .mul(new Scalar(1 / Math.sqrt(chain.alphas().at(i))));
                    double sigma = Math.sqrt(chain.posteriorVariance().at(i));
                    x.copy_(
                            i == 0
                                    ? mean
                                    : mean.add(torch.randn(batch, 3, 32, 32).mul(new Scalar(sigma))));
                }
            }
            return (System.nanoTime() - start) / 1e9;
        }
    }
}
