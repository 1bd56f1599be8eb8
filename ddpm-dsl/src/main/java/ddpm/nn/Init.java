package ddpm.nn;

import ddpm.torch.Shape;
import java.util.Arrays;

/** The initial values of a parameter. */
@FunctionalInterface
public interface Init {
    /**
     * Turns uniform random numbers into a parameter's initial values.
     *
     * @param values as many as the parameter has, row-major, uniform in (0, 1); overwritten
     */
    void fill(float[] values);

    /** All elements alike: 0 for biases, 1 for the scale of a norm. */
    record Constant(float value) implements Init {
        @Override
        public void fill(float[] values) {
            Arrays.fill(values, value);
        }
    }

    /** Uniform in {@code [-limit, limit]}. */
    record Uniform(double limit) implements Init {
        public Uniform {
            if (!(limit > 0) || !Double.isFinite(limit)) {
                throw new IllegalArgumentException("uniform initialisation within +-" + limit);
            }
        }

        @Override
        public void fill(float[] values) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((2.0 * values[i] - 1) * limit);
            }
        }
    }

    /** Normal with mean 0 and this standard deviation, by Box and Muller's transform. */
    record Normal(double deviation) implements Init {
        public Normal {
            if (!(deviation > 0) || !Double.isFinite(deviation)) {
                throw new IllegalArgumentException("normal initialisation with standard deviation " + deviation);
            }
        }

        @Override
        public void fill(float[] values) {
            for (int i = 0; i < values.length; i += 2) {
                double radius = deviation * Math.sqrt(-2 * StrictMath.log(values[i]));
                // The last of an odd number has no partner and takes its angle from its own low bits.
                double angle = 2 * Math.PI * (i + 1 < values.length ? values[i + 1] : values[i] * 4096 % 1);
                values[i] = (float) (radius * StrictMath.cos(angle));
                if (i + 1 < values.length) {
                    values[i + 1] = (float) (radius * StrictMath.sin(angle));
                }
            }
        }
    }

    /** The scale of the last layer of each block in the paper's code, which asks for 0 and gets this. */
    double NEARLY_ZERO = 1e-10;

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
     * limit sqrt(3 scale / ((fan_in + fan_out) / 2)). Scale 0 is exactly zero; the paper's code has {@link #NEARLY_ZERO}.
     */
    static Init xavier(Shape weight, double scale) {
        double fanOut = (double) weight.size(0) * weight.numel() / (weight.size(0) * weight.size(1));
        return scale == 0 ? ZEROS : new Uniform(Math.sqrt(3 * scale / ((fanIn(weight) + fanOut) / 2)));
    }

    private static double fanIn(Shape weight) {
        if (weight.rank() < 2 || weight.numel() == 0) {
            throw new IllegalArgumentException("no fan-in of a weight of shape " + weight);
        }
        return (double) weight.numel() / weight.size(0);
    }
}
