package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/** A convolution with bias, {@code [B, in, H, W]} to {@code [B, out, H', W']}; parameters {@code weight, bias}. */
public final class Conv2d implements Module {
    /**
     * @param kernel height and width of the kernel, at least 1
     * @param stride at least 1
     * @param padding zeros on all four sides, at least 0
     */
    public record Config(int kernel, int stride, int padding) {
        public Config {
            if (kernel < 1 || stride < 1 || padding < 0) {
                throw new IllegalArgumentException(
                        "a convolution with kernel " + kernel + ", stride " + stride + ", padding " + padding);
            }
        }

        /** Keeps height and width for odd kernels: stride 1, padding kernel / 2. */
        public static Config same(int kernel) {
            return new Config(kernel, 1, kernel / 2);
        }
    }

    private final Param weight;
    private final Param bias;
    private final Config config;

    /** With PyTorch's default initialisation. */
    public Conv2d(Params params, int in, int out, Config config) {
        this(params, in, out, config, Init.pytorch(weightShape(in, out, config)), true);
    }

    /** With the paper's: Xavier uniform times {@code scale}, bias zero. */
    public Conv2d(Params params, int in, int out, Config config, double scale) {
        this(params, in, out, config, Init.xavier(weightShape(in, out, config), scale), false);
    }

    private Conv2d(Params params, int in, int out, Config config, Init init, boolean biasAlike) {
        this.config = config;
        this.weight = params.param("weight", weightShape(in, out, config), init);
        this.bias = params.param("bias", Shape.of(out), biasAlike ? init : Init.ZEROS);
    }

    private static Shape weightShape(int in, int out, Config config) {
        return Shape.of(out, in, config.kernel(), config.kernel());
    }

    @Override
    public Tensor forward(Tensor x) {
        return Ops.conv2d(x, weight.as(x.dtype()), bias.as(x.dtype()), config.stride(), config.padding());
    }
}
