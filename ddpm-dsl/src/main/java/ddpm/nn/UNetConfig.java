package ddpm.nn;

import ddpm.torch.DType;
import java.util.List;

/**
 * The shape of a {@link UNet}.
 *
 * @param inChannels channels of x_t, 1 to 4 for images
 * @param outChannels channels of the output; twice {@code inChannels} where a variance is learned
 * @param base width at full resolution ("ch")
 * @param widths channels of each level; each further level halves height and width
 * @param resBlocks residual blocks per level on the way down; one more on the way up
 * @param attention per level, whether self-attention follows each of its residual blocks
 * @param headChannels channels of one attention head; 0 means one head of all channels, as in the paper
 * @param groups groups of every group norm, which divide every width
 * @param normEps added to the variance in group norms
 * @param dropout probability of a zero before the second convolution of a block, in training; 0 to below 1
 * @param timeShift 1 as in the paper, 0 as in the class defaults of diffusers, see {@link TimeEmbedding}
 * @param timeOrder how sines and cosines lie in the time embedding; sines first in the paper
 * @param symmetricPadding pads down-sampling convolutions by 1 on all sides rather than right and bottom, the paper's
 * @param labels how many labels have an embedding that is added to that of the timestep ({@code num_class_embeds} of
 *     diffusers), up to a million; 0 for an unconditional network, as the paper's
 */
public record UNetConfig(
        int inChannels,
        int outChannels,
        int base,
        List<Integer> widths,
        int resBlocks,
        List<Boolean> attention,
        int headChannels,
        int groups,
        double normEps,
        double dropout,
        int timeShift,
        TimeEmbedding.Order timeOrder,
        boolean symmetricPadding,
        int labels)
        implements NetworkConfig {

    private static final int MAX_WIDTH = 64 * 4096;

    public UNetConfig {
        widths = List.copyOf(widths);
        attention = List.copyOf(attention);
        require(in(inChannels, 1, 1024) && in(outChannels, 1, 1024), "channels in and out are 1 to 1024");
        require(!widths.isEmpty() && widths.size() <= 10, "1 to 10 levels");
        require(attention.size() == widths.size(), "attention is given for each level");
        require(in(resBlocks, 1, 32), "1 to 32 residual blocks per level");
        require(dropout >= 0 && dropout < 1, "dropout is from 0 to below 1");
        require(normEps > 0, "the norms' eps is positive");
        require(in(base, 4, 4096) && base % 2 == 0, "the base width is even, 4 to 4096");
        require(groups >= 1, "at least one group");
        require(in(labels, 0, 1_000_000), "labels are 0 to 1000000, not " + labels);
        for (int width : widths) {
            require(in(width, 1, MAX_WIDTH), "levels are 1 to " + MAX_WIDTH + " wide, not " + width);
            require(
                    width % groups == 0 && base % groups == 0,
                    groups + " norm groups divide every width, and do not divide " + width + " or " + base);
            require(
                    headChannels >= 0 && (headChannels == 0 || width % headChannels == 0),
                    "attention heads of " + headChannels + " channels divide every width, and do not divide " + width);
        }
    }

    /** An unconditional network. */
    public UNetConfig(
            int inChannels,
            int outChannels,
            int base,
            List<Integer> widths,
            int resBlocks,
            List<Boolean> attention,
            int headChannels,
            int groups,
            double normEps,
            double dropout,
            int timeShift,
            TimeEmbedding.Order timeOrder,
            boolean symmetricPadding) {
        this(
                inChannels,
                outChannels,
                base,
                widths,
                resBlocks,
                attention,
                headChannels,
                groups,
                normEps,
                dropout,
                timeShift,
                timeOrder,
                symmetricPadding,
                0);
    }

    private static boolean in(int value, int from, int to) {
        return value >= from && value <= to;
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException("UNet configuration: " + rule);
        }
    }

    /** The paper's CIFAR-10 model: 35,746,307 parameters with 3 channels. Attention at 16x16, dropout 0.1. */
    public static UNetConfig cifar10(int channels) {
        return of(channels, 128, List.of(1, 2, 2, 2), 2, List.of(false, true, false, false), 32, 0.1);
    }

    /** The paper's 256x256 models (CelebA-HQ, LSUN): 113,673,219 parameters with 3 channels. */
    public static UNetConfig image256(int channels) {
        return of(channels, 128, List.of(1, 1, 2, 2, 4, 4), 2, List.of(false, false, false, false, true, false), 32, 0);
    }

    /** The paper's network in small, for 32x32 images on a CPU: 1,112,801 parameters with 1 channel, attention at 8x8. */
    public static UNetConfig mini(int channels) {
        return of(channels, 32, List.of(1, 2, 2), 1, List.of(false, false, true), 8, 0);
    }

    /**
     * The paper's conventions with other sizes.
     *
     * @param multipliers width of each level over {@code base}
     */
    public static UNetConfig of(
            int channels,
            int base,
            List<Integer> multipliers,
            int resBlocks,
            List<Boolean> attention,
            int groups,
            double dropout) {
        return new UNetConfig(
                channels,
                channels,
                base,
                times(base, multipliers),
                resBlocks,
                attention,
                0,
                groups,
                1e-6,
                dropout,
                1,
                TimeEmbedding.Order.SINE_FIRST,
                false);
    }

    /** The widths of levels that are multiples of a base. */
    public static List<Integer> times(int base, List<Integer> multipliers) {
        return multipliers.stream()
                .map(multiplier -> Math.multiplyExact(base, multiplier))
                .toList();
    }

    /** This network with another number of output channels, e.g. twice as many as in for a learned variance. */
    @Override
    public UNetConfig withOutChannels(int channels) {
        return with(channels, labels);
    }

    @Override
    public UNetConfig withLabels(int newLabels) {
        return with(outChannels, newLabels);
    }

    private UNetConfig with(int newOutChannels, int newLabels) {
        return new UNetConfig(
                inChannels,
                newOutChannels,
                base,
                widths,
                resBlocks,
                attention,
                headChannels,
                groups,
                normEps,
                dropout,
                timeShift,
                timeOrder,
                symmetricPadding,
                newLabels);
    }

    @Override
    public boolean computesIn(DType precision) {
        return precision == DType.FLOAT32 || precision == DType.BFLOAT16;
    }

    @Override
    public UNet build(ParamPath path) {
        return new UNet(path, this);
    }

    @Override
    public int sizeMultiple() {
        return 1 << (widths.size() - 1);
    }

    int width(int level) {
        return widths.get(level);
    }

    int levels() {
        return widths.size();
    }
}
