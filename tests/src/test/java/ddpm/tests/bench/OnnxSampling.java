package ddpm.tests.bench;

import ai.onnxruntime.OrtException;
import ddpm.diffusion.Diffusion;
import ddpm.nn.Params;
import ddpm.tests.networks.OnnxNetwork;
import ddpm.torch.Shape;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;

/** The notebook's sampling loop around the network in ONNX Runtime, as a program of Java's own arrays has it. */
final class OnnxSampling implements AutoCloseable {
    private final OnnxNetwork network;
    private final int batch;

    /** The weights are copied. */
    OnnxSampling(Contest contest, Params params, int threads) throws IOException, OrtException {
        batch = contest.batch();
        network = OnnxNetwork.of(contest.config(), params, threads);
    }

    /** Walks the chain once from noise; returns the seconds it took. */
    double run(Diffusion chain) throws OrtException {
        var random = new SplittableRandom(1);
        long start = System.nanoTime();
        var x = new float[batch * 3 * 32 * 32];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        var t = new long[batch];
        for (int i = chain.steps() - 1; i >= 0; i--) {
            Arrays.fill(t, chain.timestep(i));
            var epsilon = network.forward(x, Shape.of(batch, 3, 32, 32), t, null);
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
