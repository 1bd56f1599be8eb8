package ddpm.nn;

import ddpm.torch.Tensor;

/** Norm, swish, convolution, time added, norm, swish, dropout, convolution, and the input added to that. */
final class ResBlock {
    private final GroupNorm norm1;
    private final TimedConvolution conv1;
    private final GroupNorm norm2;
    private final Dropout dropout;
    private final Conv2d conv2;
    private final Conv2d shortcut;

    ResBlock(ParamPath path, int in, int out, int timeChannels, int groups, double eps, Dropout dropout) {
        norm1 = new GroupNorm(path.sub("norm1"), groups, in, eps);
        conv1 = new TimedConvolution(
                path,
                new Conv2d(path.sub("conv1"), in, out, Conv2d.Config.same(3), 1),
                new Linear(path.sub("time_emb_proj"), timeChannels, out, 1));
        norm2 = new GroupNorm(path.sub("norm2"), groups, out, eps);
        conv2 = new Conv2d(path.sub("conv2"), out, out, Conv2d.Config.same(3), Init.NEARLY_ZERO);
        shortcut = in == out ? null : new Conv2d(path.sub("conv_shortcut"), in, out, Conv2d.Config.same(1), 1);
        this.dropout = dropout;
    }

    /**
     * @param x {@code [B, in, H, W]}
     * @param time after its swish
     * @return {@code [B, out, H, W]}
     */
    Tensor forward(Tensor x, TimestepTable.At time) {
        var h = Block.chain(x, norm1::thenSwish, v -> conv1.forward(v, time), norm2::thenSwish, dropout, conv2);
        return (shortcut == null ? x : shortcut.forward(x)).add(h);
    }
}
