package ddpm.nn;

import ddpm.torch.Ops;
import ddpm.torch.Pointwise;
import java.util.List;

/**
 * Layers as values, for networks that are written down rather than programmed:
 *
 * <pre>{@code
 * Layer layer = sequential(groupNorm(32, 128), silu(), conv2d(128, 256, kernel(3)));
 * Block block = layer.at(path.sub("block"));   // parameters block.0.weight, block.0.bias, block.2.weight, ...
 * }</pre>
 */
public final class Layers {
    private Layers() {}

    /** One layer after another, at the paths 0, 1, 2, ... as PyTorch's Sequential names them. */
    public static Layer sequential(Layer... layers) {
        var steps = List.of(layers);
        return path -> {
            var blocks = new Block[steps.size()];
            for (int i = 0; i < blocks.length; i++) {
                blocks[i] = steps.get(i).at(path.sub(i));
            }
            return x -> Block.chain(x, blocks);
        };
    }

    /** A square kernel that keeps height and width. */
    public static Conv2d.Config kernel(int size) {
        return Conv2d.Config.same(size);
    }

    public static Layer conv2d(int in, int out, Conv2d.Config config) {
        return path -> new Conv2d(path, in, out, config);
    }

    public static Layer linear(int in, int out) {
        return path -> new Linear(path, in, out);
    }

    public static Layer linearWithoutBias(int in, int out) {
        return path -> Linear.withoutBias(path, in, out);
    }

    /** Rows of a table of {@code count} vectors of this width, by int64 indices. */
    public static Layer embedding(int count, int width) {
        return path -> new Embedding(path, count, width);
    }

    /** Self-attention over {@code [B, positions, width]}, with as many heads, which divide the width. */
    public static Layer multiHeadAttention(int width, int heads) {
        return path -> new MultiHeadAttention(path, width, heads);
    }

    /** Over the last dimension, of this size; with PyTorch's default eps, 1e-5. */
    public static Layer layerNorm(int size) {
        return path -> new LayerNorm(path, size, 1e-5);
    }

    /**
     * Dropout at this place. A network has one {@link Dropout}, which it returns from {@link Network#dropout} and puts where
     * it is wanted: training gives it masks, and without masks it does nothing.
     */
    public static Layer dropout(Dropout dropout) {
        return _ -> dropout;
    }

    /** With PyTorch's default eps, 1e-5. */
    public static Layer groupNorm(int groups, int channels) {
        return path -> new GroupNorm(path, groups, channels, 1e-5);
    }

    public static Layer silu() {
        return _ -> Ops::silu;
    }

    public static Layer relu() {
        return _ -> Ops::relu;
    }

    public static Layer gelu() {
        return _ -> Pointwise::gelu;
    }

    /** GELU by its approximation with a hyperbolic tangent. */
    public static Layer geluTanh() {
        return _ -> Pointwise::geluTanh;
    }

    public static Layer avgPool2d(int size) {
        return _ -> x -> Ops.avgPool2d(x, size);
    }

    public static Layer maxPool2d(int size) {
        return _ -> x -> Ops.maxPool2d(x, size);
    }

    public static Layer upsampleNearest2d(int factor) {
        return _ -> x -> Ops.upsampleNearest2d(x, factor);
    }

    /** {@code [B, ...]} to {@code [B, n]}. */
    public static Layer flatten() {
        return _ -> x -> x.reshape(x.shape().size(0), -1);
    }
}
