package ddpm.diffusion;

import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** q(x_t | x_0) on tensors (eq. 4 of Ho et al. 2020). Its tables belong to the scope it is made in. */
public final class ForwardProcess {
    private final DeviceTable signal;
    private final DeviceTable noise;

    public ForwardProcess(Diffusion diffusion, Device device) {
        signal = new DeviceTable(diffusion.sqrtAlphasCumprod(), device);
        noise = new DeviceTable(diffusion.sqrtOneMinusAlphasCumprod(), device);
    }

    /**
     * {@code xt = sqrt(alphasCumprod[t]) x0 + sqrt(1 - alphasCumprod[t]) epsilon}.
     *
     * @param x0 images in [-1, 1], {@code [B, C, H, W]}, or examples of any other rank from 1 on
     * @param t timesteps {@code [B]}, int64, in 0..T-1, or {@code [1]} for all
     * @param epsilon standard normal, like x0
     */
    public Tensor xt(Tensor x0, Tensor t, Tensor epsilon) {
        if (!x0.shape().equals(epsilon.shape())) {
            throw new IllegalArgumentException("x0 " + x0.shape() + " with epsilon " + epsilon.shape());
        }
        int rank = x0.shape().rank();
        if (rank < 1
                || !t.shape().equals(Shape.of(x0.shape().size(0))) && !t.shape().equals(Shape.of(1))) {
            throw new IllegalArgumentException("x0 " + x0.shape() + " at timesteps " + t.shape()
                    + ": examples [B, ..] need one timestep each, [B], or one for all, [1]");
        }
        return signal.at(t, rank).mul(x0).add(noise.at(t, rank).mul(epsilon));
    }
}
