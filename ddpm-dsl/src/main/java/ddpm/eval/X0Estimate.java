package ddpm.eval;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.ModelOutput;
import ddpm.diffusion.Table;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** The estimate of x_0 from x_t in float64, on the receiver's side of algorithm 4 of Ho et al. 2020. */
final class X0Estimate {
    private final VariationalBound bound;
    private final Device device;
    private final Table x0FromX;
    private final Table x0FromOutput;
    private final ForwardProcess forward;

    /**
     * An estimate.
     *
     * @param x0 the elements of x0hat in x0's order, clipped if the bound says so
     * @param v the outputs behind a learned variance, likewise; null where it is fixed
     */
    record Estimated(double[] x0, float[] v) {}

    /** @param device where the model lies */
    X0Estimate(VariationalBound bound, Device device) {
        this.bound = bound;
        this.device = device;
        x0FromX = bound.prediction().x0FromX(bound.diffusion());
        x0FromOutput = bound.prediction().x0FromOutput(bound.diffusion());
        forward = new ForwardProcess(bound.diffusion(), Device.CPU);
    }

    /**
     * @param x0 {@code [B, C, H, W]}, which is noised to x_t by {@code epsilon}
     * @param t index of the chain
     */
    Estimated of(Denoiser model, Tensor x0, Tensor epsilon, int t) {
        var xt = forward.xt(x0, Tensor.of(new long[] {t}, Shape.of(1)), epsilon);
        var timestep = Tensor.of(new long[] {bound.diffusion().timestep(t)}, Shape.of(1));
        var output = model.predict(xt.on(device), timestep.on(device)).on(Device.CPU);
        var predicted = ModelOutput.prediction(output, xt).toFloats();
        var x = xt.toFloats();
        double fromX = x0FromX.at(t);
        double fromOutput = x0FromOutput.at(t);
        var estimate = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double value = fromX * x[i] - fromOutput * predicted[i];
            estimate[i] = bound.clip() == Clip.X0 ? Math.clamp(value, -1, 1) : value;
        }
        return new Estimated(
                estimate,
                bound.variance().isLearned() ? ModelOutput.variance(output, xt).toFloats() : null);
    }
}
