package ddpm.sampling;

import ddpm.diffusion.Clip;
import ddpm.diffusion.DeviceTable;
import ddpm.diffusion.ModelOutput;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * One step of the reverse process on tensors: coefficients come from tables by a tensor of step indices, so nothing here
 * branches on t, and the same code runs eagerly anywhere and inside a captured graph.
 */
final class ReverseStep {
    private final Clip clip;
    private final boolean throughX0;
    private final DeviceTable x0FromX;
    private final DeviceTable x0FromOutput;
    private final DeviceTable meanFromX0;
    private final DeviceTable meanFromX;
    private final DeviceTable meanFromLastX0;
    private final DeviceTable sigma;
    private final DeviceTable logSigmaFromOutput;
    private final Tensor lastX0;
    private Tensor estimate;

    /**
     * Tables and, for solvers that look back, the last estimate of x0 belong to the current scope.
     *
     * @param estimates whether {@link #estimate()} will be asked for
     * @param shape of x
     */
    ReverseStep(ReverseTable table, Clip clip, boolean estimates, Shape shape, Device device) {
        this.clip = clip;
        boolean looksBack = table.meanFromLastX0() != null;
        throughX0 = looksBack || estimates || clip == Clip.X0;
        x0FromX = throughX0 ? new DeviceTable(table.x0FromX(), device) : null;
        x0FromOutput = throughX0 ? new DeviceTable(table.x0FromOutput(), device) : null;
        meanFromX0 = new DeviceTable(throughX0 ? table.meanFromX0() : table.unclippedFromOutput(), device);
        meanFromX = new DeviceTable(throughX0 ? table.meanFromX() : table.unclippedFromX(), device);
        meanFromLastX0 = looksBack ? new DeviceTable(table.meanFromLastX0(), device) : null;
        lastX0 = looksBack ? Tensor.zeros(shape, DType.FLOAT32, device) : null;
        sigma = new DeviceTable(table.sigma(), device);
        boolean learned = table.logSigmaFromOutput() != null;
        logSigmaFromOutput = learned ? new DeviceTable(table.logSigmaFromOutput(), device) : null;
    }

    /**
     * @param x x_t, {@code [B, C, H, W]}
     * @param given the model's output: like x, or with a second half of channels that a learned variance is made of
     * @param index which step of the chain, int64, {@code [B]} or {@code [1]} for all
     * @param z standard normal, like x; multiplied by 0 in the last step
     * @return x_{t-1}
     */
    Tensor apply(Tensor x, Tensor given, Tensor index, Tensor z) {
        var output = ModelOutput.prediction(given, x);
        var noise = sigma.at(index).mul(z);
        if (logSigmaFromOutput != null) {
            noise = noise.mul(Ops.exp(logSigmaFromOutput.at(index).mul(ModelOutput.variance(given, x))));
        }
        if (!throughX0) {
            return meanFromX
                    .at(index)
                    .mul(x)
                    .sub(meanFromX0.at(index).mul(output))
                    .add(noise);
        }
        var x0 = x0FromX.at(index).mul(x).sub(x0FromOutput.at(index).mul(output));
        if (clip == Clip.X0) {
            x0 = Ops.clamp(x0, -1, 1);
        }
        estimate = x0;
        var mean = meanFromX0.at(index).mul(x0).add(meanFromX.at(index).mul(x));
        if (lastX0 != null) {
            mean = mean.add(meanFromLastX0.at(index).mul(lastX0));
            lastX0.copyFrom(x0);
        }
        return mean.add(noise);
    }

    /** The estimate of x0 that the last {@link #apply} made, in that call's scope. */
    Tensor estimate() {
        return estimate;
    }
}
