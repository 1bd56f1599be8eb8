package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Shaping;
import ddpm.torch.Tensor;

/**
 * Self-attention with several heads (Vaswani et al. 2017) over {@code [B, positions, width]}. Parameters are those of
 * PyTorch's MultiheadAttention: {@code in_proj_weight [3 width, width], in_proj_bias, out_proj.weight, out_proj.bias}.
 */
public final class MultiHeadAttention implements Block {
    private final Param inWeight;
    private final Param inBias;
    private final Param outWeight;
    private final Param outBias;
    private final int heads;

    /**
     * With PyTorch's default initialisation.
     *
     * @param heads divides {@code width}
     */
    public MultiHeadAttention(ParamPath path, int width, int heads) {
        if (heads < 1 || width < 1 || width % heads != 0) {
            throw new IllegalArgumentException(
                    "attention of " + width + " channels with " + heads + " heads: the heads must divide the channels");
        }
        this.heads = heads;
        var in = Shape.of(3L * width, width);
        inWeight = path.param("in_proj_weight", in, Init.xavier(in, 1));
        inBias = path.param("in_proj_bias", Shape.of(3L * width), Init.ZEROS);
        var out = path.sub("out_proj");
        outWeight = out.param("weight", Shape.of(width, width), Init.pytorch(Shape.of(width, width)));
        outBias = out.param("bias", Shape.of(width), Init.ZEROS);
    }

    @Override
    public Tensor forward(Tensor x) {
        return forward(x, null);
    }

    /**
     * Attends where a mask lets it.
     *
     * @param mask broadcasts to {@code [B, heads, positions, positions]}, see
     *     {@link Ops#attention(Tensor, Tensor, Tensor, Tensor)}; null for none
     */
    public Tensor forward(Tensor x, Tensor mask) {
        var shape = x.shape();
        if (shape.rank() != 3 || shape.size(2) != outBias.shape().numel()) {
            throw new IllegalArgumentException("attention over " + shape + ": [B, positions, "
                    + outBias.shape().numel() + "] needed");
        }
        var qkv = Ops.linear(x, inWeight.as(x.dtype()), inBias.as(x.dtype())) // [B, positions, 3 width]
                .view(shape.size(0), shape.size(1), 3, heads, -1)
                .permute(2, 0, 3, 1, 4); // [3, B, heads, positions, width / heads]
        var parts = Shaping.chunk(qkv, 3, 0);
        var q = Shaping.squeeze(parts.get(0), 0);
        var k = Shaping.squeeze(parts.get(1), 0);
        var v = Shaping.squeeze(parts.get(2), 0);
        var attended = mask == null ? Ops.attention(q, k, v) : Ops.attention(q, k, v, mask);
        var joined = attended.transpose(1, 2).reshape(shape.toArray());
        return Ops.linear(joined, outWeight.as(x.dtype()), outBias.as(x.dtype()));
    }
}
