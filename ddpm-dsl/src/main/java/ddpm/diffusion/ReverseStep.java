package ddpm.diffusion;

import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;

/**
 * One step of the reverse process on tensors: coefficients come from tables by a tensor of step indices, so nothing here
 * branches on t, and the same code runs eagerly anywhere and inside a captured graph.
 */
final class ReverseStep {
    private final Clip clip;
    private final DeviceTable x0FromX;
    private final DeviceTable x0FromOutput;
    private final DeviceTable meanFromX0;
    private final DeviceTable meanFromX;
    private final DeviceTable sigma;

    /** The tables belong to the current scope. */
    ReverseStep(ReverseTable table, Clip clip, Device device) {
        this.clip = clip;
        boolean throughX0 = clip == Clip.X0;
        x0FromX = throughX0 ? new DeviceTable(table.x0FromX(), device) : null;
        x0FromOutput = throughX0 ? new DeviceTable(table.x0FromOutput(), device) : null;
        meanFromX0 = new DeviceTable(throughX0 ? table.meanFromX0() : table.unclippedFromOutput(), device);
        meanFromX = new DeviceTable(throughX0 ? table.meanFromX() : table.unclippedFromX(), device);
        sigma = new DeviceTable(table.sigma(), device);
    }

    /**
     * @param x x_t, {@code [B, C, H, W]}
     * @param output the model's, like x
     * @param index which step of the chain, int64, {@code [B]} or {@code [1]} for all
     * @param z standard normal, like x; multiplied by 0 in the last step
     * @return x_{t-1}
     */
    Tensor apply(Tensor x, Tensor output, Tensor index, Tensor z) {
        var noise = sigma.at(index).mul(z);
        if (clip == Clip.NONE) {
            return meanFromX.at(index).mul(x).sub(meanFromX0.at(index).mul(output)).add(noise);
        }
        var x0 = Ops.clamp(x0FromX.at(index).mul(x).sub(x0FromOutput.at(index).mul(output)), -1, 1);
        return meanFromX0.at(index).mul(x0).add(meanFromX.at(index).mul(x)).add(noise);
    }
}
