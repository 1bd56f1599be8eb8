package ddpm.sampling;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.DeviceTable;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Table;
import ddpm.diffusion.Timesteps;
import ddpm.torch.Device;

/** Images that are N(0, SIGMA^2) in every pixel: what a perfect model says of them is known, and so is where x_t goes. */
final class GaussianImages {
    /** Standard deviation of the images. */
    static final double SIGMA = 0.5;

    /** A fine chain, so that steps can be even in ln(signal / noise): the variable in which solvers have their order. */
    static final Diffusion FINE = new Diffusion(BetaSchedule.linear(10_000, 1e-5, 2e-3));

    /** Where {@link #evenInSnr} chains end. Nearer to 0 the timesteps are too far apart. */
    static final int LAST = 20;

    private GaussianImages() {}

    /** The exact epsilon: x_t is N(0, abar SIGMA^2 + 1 - abar), and E[epsilon | x_t] is linear in x_t. */
    static Denoiser model(Diffusion trained) {
        var factor = Table.of(trained.steps(), t -> {
            double signal = trained.alphasCumprod().at(t);
            return Math.sqrt(1 - signal) / (signal * SIGMA * SIGMA + 1 - signal);
        });
        return (xt, t) -> new DeviceTable(factor, Device.CPU).at(t).mul(xt);
    }

    /** Of x_t in the fine chain. */
    static double variance(int t) {
        double signal = FINE.alphasCumprod().at(t);
        return signal * SIGMA * SIGMA + 1 - signal;
    }

    /** Steps of the fine chain from its noisiest to {@link #LAST}, even in ln(signal / noise). */
    static Diffusion evenInSnr(int steps) {
        var signal = FINE.alphasCumprod();
        var snr = Table.of(FINE.steps(), t -> 0.5 * Math.log(signal.at(t) / (1 - signal.at(t))));
        double from = snr.at(FINE.steps() - 1);
        double to = snr.at(LAST);
        var timesteps = new int[steps];
        int t = FINE.steps() - 1;
        for (int i = 0; i < steps; i++) {
            while (t > LAST && snr.at(t) < from + (to - from) * i / (steps - 1)) {
                t--;
            }
            timesteps[i] = t;
        }
        return FINE.respaced(Timesteps.of(FINE.steps(), timesteps));
    }
}
