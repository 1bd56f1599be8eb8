package ddpm.nn;

import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;

/** Self-attention over all positions of {@code [B, C, H, W]}, after a norm, added to its input. */
final class AttentionBlock implements Block {
    private final GroupNorm norm;
    private final JointLinear queryKeyValue;
    private final JointLinear out;
    private final int heads;

    AttentionBlock(ParamPath path, int channels, int heads, int groups, double eps) {
        this.heads = heads;
        norm = new GroupNorm(path.sub("group_norm"), groups, channels, eps);
        queryKeyValue = new JointLinear(
                path,
                new Linear(path.sub("to_q"), channels, channels, 1),
                new Linear(path.sub("to_k"), channels, channels, 1),
                new Linear(path.sub("to_v"), channels, channels, 1));
        out = new JointLinear(path, new Linear(path.sub("to_out.0"), channels, channels, Init.NEARLY_ZERO));
    }

    @Override
    public Tensor forward(Tensor x) {
        var shape = x.shape();
        long batch = shape.size(0);
        long channels = shape.size(1);
        var h = norm.forward(x);
        var parts = queryKeyValue.forward(h).stream().map(this::heads).toList();
        var attended = Ops.attention(parts.get(0), parts.get(1), parts.get(2)); // [B, heads, positions, C/heads]
        var joined = attended.transpose(1, 2).reshape(batch, shape.size(2), shape.size(3), channels);
        var rows = out.forward(joined.permute(0, 3, 1, 2)).getFirst();
        var image = rows.view(batch, shape.size(2), shape.size(3), channels).permute(0, 3, 1, 2);
        return x.add(image).contiguous(MemoryFormat.CHANNELS_LAST);
    }

    /** {@code [B, positions, C]} to {@code [B, heads, positions, C/heads]}. */
    private Tensor heads(Tensor projected) {
        long batch = projected.shape().size(0);
        long positions = projected.shape().size(1);
        return projected.view(batch, positions, heads, -1).transpose(1, 2);
    }
}
