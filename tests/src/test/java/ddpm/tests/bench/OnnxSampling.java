package ddpm.tests.bench;

import ai.onnxruntime.OrtException;
import ddpm.diffusion.Diffusion;
import ddpm.nn.Params;
import ddpm.tests.networks.OnnxNetwork;
import ddpm.tests.networks.Weights;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.SplittableRandom;

/** The notebook's sampling loop around the network in ONNX Runtime, as a program of Java's own arrays has it. */
final class OnnxSampling implements AutoCloseable {
    private final OnnxNetwork network;
    private final int batch;

    /** The weights are copied. */
    OnnxSampling(Contest contest, Params params, int threads) throws OrtException {
        batch = contest.batch();
        try (var _ = TensorScope.open()) {
            network = new OnnxNetwork(contest.config(), Weights.copies(params), Shape.of(batch, 3, 32, 32), threads);
        }
    }

    /** Walks the chain once from noise; returns the seconds it took. */
    double run(Diffusion chain) throws OrtException {
        var random = new SplittableRandom(1);
        long start = System.nanoTime();
        var x = new float[batch * 3 * 32 * 32];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        var t = new float[batch];
        for (int i = chain.steps() - 1; i >= 0; i--) {
            Arrays.fill(t, chain.timestep(i));
            var epsilon = network.forward(x, t, null);
            double scale =
                    chain.betas().at(i) / chain.sqrtOneMinusAlphasCumprod().at(i);
            double root = Math.sqrt(chain.alphas().at(i));
            double sigma = i == 0 ? 0 : Math.sqrt(chain.posteriorVariance().at(i));
            for (int j = 0; j < x.length; j++) {
                x[j] = (float) ((x[j] - scale * epsilon[j]) / root + sigma * random.nextGaussian());
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }

    @Override
    public void close() throws OrtException {
        network.close();
    }
}
