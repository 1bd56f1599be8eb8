package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * A convolution {@code [B, in, H, W]} to {@code [B, out, H', W']}; parameters {@code weight [out, in / groups, k, k]} and,
 * unless it is without, {@code bias [out]}.
 */
public final class Conv2d implements Convolution {
    /**
     * @param kernel height and width of the kernel, at least 1
     * @param stride at least 1
     * @param padding zeros on all four sides, at least 0
     * @param groups equal parts of the channels that are convolved apart; divides both numbers of channels
     * @param bias whether a bias is added
     */
    public record Config(int kernel, int stride, int padding, int groups, boolean bias) {
        public Config {
            if (kernel < 1 || stride < 1 || padding < 0 || groups < 1) {
                throw new IllegalArgumentException("a convolution with kernel " + kernel + ", stride " + stride
                        + ", padding " + padding + ", groups " + groups);
            }
        }

        /** In one group, with bias. */
        public Config(int kernel, int stride, int padding) {
            this(kernel, stride, padding, 1, true);
        }

        public Config withGroups(int newGroups) {
            return new Config(kernel, stride, padding, newGroups, bias);
        }

        public Config withoutBias() {
            return new Config(kernel, stride, padding, groups, false);
        }

        /** Keeps height and width for odd kernels: stride 1, padding kernel / 2. */
        public static Config same(int kernel) {
            return new Config(kernel, 1, kernel / 2);
        }
    }

    private final Param weight;
    private final Param bias;
    private final Config config;
    private final Cached packed;

    /** Null where the kernel is not 3x3, or not of stride 1 with its size kept. */
    private final WinogradConvolution winograd;

    /** With PyTorch's default initialisation. */
    public Conv2d(ParamPath path, int in, int out, Config config) {
        this(path, in, out, config, Init.pytorch(weightShape(in, out, config)), true);
    }

    /** With the paper's: Xavier uniform times {@code scale}, bias zero. */
    public Conv2d(ParamPath path, int in, int out, Config config, double scale) {
        this(path, in, out, config, Init.xavier(weightShape(in, out, config), scale), false);
    }

    private Conv2d(ParamPath path, int in, int out, Config config, Init init, boolean biasAlike) {
        this.config = config;
        this.weight = path.param("weight", weightShape(in, out, config), init);
        this.bias = config.bias() ? path.param("bias", Shape.of(out), biasAlike ? init : Init.ZEROS) : null;
        this.packed = new Cached(path);
        this.winograd =
                config.equals(Config.same(3)) || config.equals(Config.same(3).withoutBias())
                        ? new WinogradConvolution(path, weight)
                        : null;
    }

    private static Shape weightShape(int in, int out, Config config) {
        int groups = config.groups();
        if (in % groups != 0 || out % groups != 0) {
            throw new IllegalArgumentException("a convolution of " + in + " to " + out + " channels in " + groups
                    + " groups: the groups must divide both");
        }
        return Shape.of(out, in / groups, config.kernel(), config.kernel());
    }

    @Override
    public Param bias() {
        return bias;
    }

    @Override
    public Tensor convolve(Tensor x, Tensor withBias) {
        var kernel = weight.as(x.dtype());
        if (config.groups() == 1 && weight.isFixed() && PackedKernel.suits(x, kernel, withBias)) {
            if (winograd != null && winograd.suits(x)) {
                return winograd.convolve(x, withBias);
            }
            var laidOut = packed.get(
                    PackedKernel.Layout.of(x),
                    () -> PackedKernel.ofConv2d(kernel, x.shape(), config.stride(), config.padding()));
            return PackedKernel.conv2d(x, laidOut, withBias, config.stride(), config.padding());
        }
        return Ops.conv2d(x, kernel, withBias, config.stride(), config.padding(), config.groups());
    }
}
