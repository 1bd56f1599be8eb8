package ddpm.nn;

import ddpm.torch.Shape;

/** How a parameter starts. */
public sealed interface Init {
    /** All elements alike: 0 for biases, 1 for the scale of a norm. */
    record Constant(float value) implements Init {}

    /** Uniform in {@code [-limit, limit]}. */
    record Uniform(double limit) implements Init {
        public Uniform {
            if (!(limit > 0) || !Double.isFinite(limit)) {
                throw new IllegalArgumentException("uniform initialisation within +-" + limit);
            }
        }
    }

    Init ZEROS = new Constant(0);
    Init ONES = new Constant(1);

    /**
     * PyTorch's default for the weights and the bias of linear and convolutional layers:
     * uniform within 1/sqrt(fan_in).
     *
     * @param weight {@code [out, in]} or {@code [out, in, kh, kw]}
     */
    static Init pytorch(Shape weight) {
        return new Uniform(1 / Math.sqrt(fanIn(weight)));
    }

    /**
     * Xavier uniform over the average fan (Glorot and Bengio 2010) times {@code sqrt(scale)}, as the paper's code has it:
     * limit sqrt(3 scale / ((fan_in + fan_out) / 2)). Its "scale 0" is 1e-10.
     */
    static Init xavier(Shape weight, double scale) {
        double fanOut = (double) weight.size(0) * weight.numel() / (weight.size(0) * weight.size(1));
        return new Uniform(Math.sqrt(3 * Math.max(scale, 1e-10) / ((fanIn(weight) + fanOut) / 2)));
    }

    private static double fanIn(Shape weight) {
        if (weight.rank() < 2 || weight.numel() == 0) {
            throw new IllegalArgumentException("no fan-in of a weight of shape " + weight);
        }
        return (double) weight.numel() / weight.size(0);
    }
}
