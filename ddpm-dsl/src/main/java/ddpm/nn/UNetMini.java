package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import java.util.List;

/**
 * The small UNet-like network of the notebook that this project set out from: three blocks down, three up, two poolings,
 * no skip connections. With 3 channels and its default widths it has 1,282,051 parameters, under the notebook's names.
 */
public final class UNetMini implements Network {
    /**
     * @param channels of the images, in and out
     * @param base width at full resolution
     * @param multipliers widths of the three levels over {@code base}
     * @param timeChannels size of the time embedding, even
     */
    public record Config(int channels, int base, List<Integer> multipliers, int timeChannels) implements NetworkConfig {
        /** Group norm has this many groups, so widths are multiples of it. */
        public static final int GROUPS = 8;

        /** Added to the variance in group norms. */
        public static final double NORM_EPS = 1e-5;

        public Config {
            multipliers = List.copyOf(multipliers);
            if (channels < 1 || channels > 1024 || base < 1 || base > 4096 || multipliers.size() != 3) {
                throw new IllegalArgumentException("UNetMini with " + channels + " channels (1 to 1024), base width "
                        + base + " (1 to 4096) and multipliers " + multipliers + " (three)");
            }
            for (int multiplier : multipliers) {
                if (multiplier < 1 || multiplier > 64 || base * multiplier % GROUPS != 0 || base % GROUPS != 0) {
                    throw new IllegalArgumentException(
                            "UNetMini of base width " + base + " and multipliers " + multipliers
                                    + ": all widths must be multiples of " + GROUPS + ", the groups of its norms");
                }
            }
        }

        /** The notebook's widths. */
        public static Config ofChannels(int channels) {
            return new Config(channels, 64, List.of(1, 2, 2), 128);
        }

        @Override
        public UNetMini build(ParamPath path) {
            return new UNetMini(path, this);
        }

        @Override
        public int inChannels() {
            return channels;
        }

        @Override
        public String toString() {
            return "UNetMini[channels=" + channels + ", base=" + base + ", multipliers=" + multipliers
                    + ", timeChannels=" + timeChannels + "]";
        }

        @Override
        public boolean computesIn(DType precision) {
            return precision == DType.FLOAT32 || precision == DType.BFLOAT16;
        }

        /** Two poolings halve height and width. */
        @Override
        public int sizeMultiple() {
            return 4;
        }
    }

    private static final Conv2d.Config KERNEL3 = Conv2d.Config.same(3);

    private final Config config;
    private final Dropout dropout = new Dropout(0);
    private final TimestepTable times;
    private final Conv2d inConv;
    private final TimedBlock down1;
    private final TimedBlock down2;
    private final TimedBlock down3;
    private final TimedBlock up1;
    private final TimedBlock up2;
    private final TimedBlock up3;
    private final Conv2d outConv;

    public UNetMini(ParamPath path, Config config) {
        this.config = config;
        int time = config.timeChannels();
        int base = config.base();
        int w1 = base * config.multipliers().get(0);
        int w2 = base * config.multipliers().get(1);
        int w3 = base * config.multipliers().get(2);
        var sinusoid = new TimeEmbedding(path, time, 0, TimeEmbedding.Order.SINE_FIRST);
        var timeMlp = Layers.sequential(Layers.linear(time, 4 * time), Layers.silu(), Layers.linear(4 * time, time))
                .at(path.sub("time_mlp"));
        times = new TimestepTable(path, t -> Block.chain(t, sinusoid, timeMlp));
        inConv = new Conv2d(path.sub("in_conv"), config.channels(), base, KERNEL3);
        down1 = TimedBlock.keeping(path.sub("down1"), base, w1, time);
        down2 = TimedBlock.keeping(path.sub("down2"), w1, w2, time);
        down3 = TimedBlock.keeping(path.sub("down3"), w2, w3, time);
        up1 = TimedBlock.doubling(path.sub("up1"), w3, w2, time);
        up2 = TimedBlock.doubling(path.sub("up2"), w2, w1, time);
        up3 = TimedBlock.keeping(path.sub("up3"), w1, base, time);
        outConv = new Conv2d(path.sub("out_conv"), base, config.channels(), KERNEL3);
    }

    @Override
    public void tabulate(int timesteps) {
        times.tabulate(timesteps);
    }

    @Override
    public Config config() {
        return config;
    }

    /** This network has none: probability 0. */
    @Override
    public Dropout dropout() {
        return dropout;
    }

    @Override
    public Tensor forward(Tensor x, Tensor t, Tensor labels) {
        return forward(x, t, labels, x.dtype());
    }

    @Override
    public Tensor forward(Tensor x, Tensor t, Tensor labels, DType precision) {
        InputCheck.check("UNetMini", x, t, config.channels(), config.sizeMultiple());
        InputCheck.checkLabels("UNetMini", x, labels, 0);
        var time = times.at(t);
        return Block.chain(
                x.contiguous(MemoryFormat.CHANNELS_LAST),
                inConv,
                h -> h.to(precision),
                Ops::silu, // [B, base, H, W]
                h -> down1.forward(h, time), // [B, w1, H, W]
                h -> down2.forward(Ops.avgPool2d(h, 2), time), // [B, w2, H/2, W/2]
                h -> down3.forward(Ops.avgPool2d(h, 2), time), // [B, w3, H/4, W/4]
                h -> up1.forward(h, time), // [B, w2, H/2, W/2]
                h -> up2.forward(h, time), // [B, w1, H, W]
                h -> up3.forward(h, time), // [B, base, H, W]
                Ops::silu,
                outConv,
                y -> y.to(x.dtype()));
    }

    /** Convolution that keeps or doubles height and width, time added, norm, swish, convolution, norm, swish. */
    private static final class TimedBlock {
        private final TimedConvolution conv1;
        private final Conv2d conv2;
        private final GroupNorm norm1;
        private final GroupNorm norm2;

        static TimedBlock keeping(ParamPath path, int in, int out, int timeChannels) {
            return new TimedBlock(path, new Conv2d(path.sub("conv1"), in, out, KERNEL3), out, timeChannels);
        }

        static TimedBlock doubling(ParamPath path, int in, int out, int timeChannels) {
            return new TimedBlock(path, new UpConv2d(path.sub("conv1"), in, out), out, timeChannels);
        }

        private TimedBlock(ParamPath path, Convolution conv1, int out, int timeChannels) {
            conv2 = new Conv2d(path.sub("conv2"), out, out, KERNEL3);
            this.conv1 = new TimedConvolution(path, conv1, new Linear(path.sub("time"), timeChannels, out));
            norm1 = new GroupNorm(path.sub("norm1"), Config.GROUPS, out, Config.NORM_EPS);
            norm2 = new GroupNorm(path.sub("norm2"), Config.GROUPS, out, Config.NORM_EPS);
        }

        Tensor forward(Tensor x, TimestepTable.At time) {
            return Block.chain(x, v -> conv1.forward(v, time), norm1::thenSwish, conv2, norm2::thenSwish);
        }
    }
}
