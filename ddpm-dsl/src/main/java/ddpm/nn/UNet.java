package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The UNet of Ho et al. 2020 (appendix B): residual blocks with group norm and swish, attention at chosen levels, the
 * timestep added in every block, and with it the label's embedding where there are labels; skip connections from each block down to its mirror up.
 *
 * <p>Parameters have diffusers' names ({@code UNet2DModel}), so {@code google/ddpm-*} loads as it is.
 */
public final class UNet implements Network {
    private static final Conv2d.Config KERNEL3 = Conv2d.Config.same(3);

    private final UNetConfig config;
    private final Dropout dropout;
    private final Block embed;
    private final TimestepTable times;
    private final Param classEmbedding;
    private final Conv2d convIn;
    private final List<Level> down = new ArrayList<>();
    private final ResBlock middle1;
    private final AttentionBlock middleAttention;
    private final ResBlock middle2;
    private final List<Level> up = new ArrayList<>();
    private final GroupNorm normOut;
    private final Conv2d convOut;

    /** The blocks of one level; no attention and no resampling are null. */
    private record Level(List<ResBlock> blocks, List<AttentionBlock> attentions, Block resample) {
        /** Each block with its attention. */
        List<Block> steps(TimestepTable.At time) {
            var steps = new ArrayList<Block>();
            for (int i = 0; i < blocks.size(); i++) {
                var block = blocks.get(i);
                Block timed = h -> block.forward(h, time);
                var attention = attentions == null ? null : attentions.get(i);
                steps.add(attention == null ? timed : h -> Block.chain(h, timed, attention));
            }
            return steps;
        }
    }

    public UNet(ParamPath path, UNetConfig config) {
        this.config = config;
        this.dropout = new Dropout(config.dropout());
        int base = config.base();
        var sinusoid = new TimeEmbedding(path, base, config.timeShift(), config.timeOrder());
        var time1 = new Linear(path.sub("time_embedding.linear_1"), base, 4 * base, 1);
        var time2 = new Linear(path.sub("time_embedding.linear_2"), 4 * base, 4 * base, 1);
        embed = t -> Block.chain(t, sinusoid, time1, Ops::silu, time2); // [B, 4 base]
        times = new TimestepTable(
                path, t -> Block.chain(t, embed, Ops::silu)); // every block would start with this swish
        // Of variance 1, as PyTorch's embeddings are.
        classEmbedding = config.labels() == 0
                ? null
                : path.sub("class_embedding")
                        .param("weight", Shape.of(config.labels(), 4 * base), new Init.Uniform(Math.sqrt(3)));
        convIn = new Conv2d(path.sub("conv_in"), config.inChannels(), base, KERNEL3, 1);

        // What each block down leaves for its mirror: channels, in order.
        var skips = new ArrayDeque<Integer>(List.of(base));
        int width = base;
        for (int level = 0; level < config.levels(); level++) {
            var at = path.sub("down_blocks").sub(level);
            var blocks = new ArrayList<ResBlock>();
            for (int i = 0; i < config.resBlocks(); i++) {
                blocks.add(resBlock(at.sub("resnets").sub(i), width, config.width(level)));
                width = config.width(level);
                skips.push(width);
            }
            Block resample = null;
            if (level < config.levels() - 1) {
                resample = Resample.down(at.sub("downsamplers.0.conv"), width, config.symmetricPadding());
                skips.push(width);
            }
            down.add(new Level(blocks, attentions(at, level, config.resBlocks()), resample));
        }

        var middle = path.sub("mid_block");
        middle1 = resBlock(middle.sub("resnets.0"), width, width);
        middleAttention = attention(middle.sub("attentions.0"), width);
        middle2 = resBlock(middle.sub("resnets.1"), width, width);

        for (int level = config.levels() - 1; level >= 0; level--) {
            var at = path.sub("up_blocks").sub(config.levels() - 1 - level); // counted from the deepest
            var blocks = new ArrayList<ResBlock>();
            for (int i = 0; i <= config.resBlocks(); i++) {
                blocks.add(resBlock(at.sub("resnets").sub(i), width + skips.pop(), config.width(level)));
                width = config.width(level);
            }
            up.add(new Level(
                    blocks,
                    attentions(at, level, config.resBlocks() + 1),
                    level > 0 ? Resample.up(at.sub("upsamplers.0.conv"), width) : null));
        }
        normOut = new GroupNorm(path.sub("conv_norm_out"), config.groups(), width, config.normEps());
        convOut = new Conv2d(path.sub("conv_out"), width, config.outChannels(), KERNEL3, Init.NEARLY_ZERO);
    }

    private ResBlock resBlock(ParamPath path, int in, int out) {
        return new ResBlock(path, in, out, 4 * config.base(), config.groups(), config.normEps(), dropout);
    }

    private AttentionBlock attention(ParamPath path, int channels) {
        int heads = config.headChannels() == 0 ? 1 : channels / config.headChannels();
        return new AttentionBlock(path, channels, heads, config.groups(), config.normEps());
    }

    private List<AttentionBlock> attentions(ParamPath at, int level, int count) {
        if (!config.attention().get(level)) {
            return null;
        }
        var attentions = new ArrayList<AttentionBlock>();
        for (int i = 0; i < count; i++) {
            attentions.add(attention(at.sub("attentions").sub(i), config.width(level)));
        }
        return attentions;
    }

    @Override
    public void tabulate(int timesteps) {
        times.tabulate(timesteps);
    }

    @Override
    public UNetConfig config() {
        return config;
    }

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
        InputCheck.check("this UNet", x, t, config.inChannels(), config.sizeMultiple());
        InputCheck.checkLabels("this UNet", x, labels, config.labels());
        var time = time(t, labels);
        var h = Block.chain(x.contiguous(MemoryFormat.CHANNELS_LAST), convIn, v -> v.to(precision)); // [B, base, H, W]
        var skips = new ArrayDeque<Tensor>();
        skips.push(h);
        for (var level : down) {
            for (var step : level.steps(time)) {
                h = Block.chain(h, step);
                skips.push(h);
            }
            if (level.resample() != null) {
                h = Block.chain(h, level.resample()); // [B, C, H/2, W/2]
                skips.push(h);
            }
        }
        h = Block.chain(h, v -> middle1.forward(v, time), middleAttention, v -> middle2.forward(v, time));
        for (var level : up) {
            for (var step : level.steps(time)) {
                var skip = skips.pop();
                h = replace(h, Block.chain(h, v -> Ops.cat(1, v, skip), step));
                skip.close();
            }
            if (level.resample() != null) {
                h = replace(h, Block.chain(h, level.resample())); // [B, C, 2H, 2W]
            }
        }
        return Block.chain(h, normOut::thenSwish, convOut, y -> y.to(x.dtype()));
    }

    private TimestepTable.At time(Tensor t, Tensor labels) {
        return labels == null
                ? times.at(t)
                : TimestepTable.At.computed(Ops.silu(
                        embed.forward(t).add(Ops.indexSelect(classEmbedding.tensor(), 0, labels)))); // [B, 4 base]
    }

    /** Frees what nothing will need again. */
    private static Tensor replace(Tensor old, Tensor by) {
        old.close();
        return by;
    }
}
