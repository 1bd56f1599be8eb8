package ddpm.diffusion;

import ddpm.torch.Device;
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
     * @param x0 images in [-1, 1], {@code [B, C, H, W]}
     * @param t timesteps {@code [B]}, int64, in 0..T-1
     * @param epsilon standard normal, like x0
     */
    public Tensor xt(Tensor x0, Tensor t, Tensor epsilon) {
        if (!x0.shape().equals(epsilon.shape())) {
            throw new IllegalArgumentException("x0 " + x0.shape() + " with epsilon " + epsilon.shape());
        }
        return signal.at(t).mul(x0).add(noise.at(t).mul(epsilon));
    }
}
