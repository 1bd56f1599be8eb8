package ddpm.torch;

import ddpm.torch.ShapeChecks.Window;
import java.util.Arrays;
import java.util.List;

/**
 * The operators that networks and samplers are made of, device-neutral, differentiable, shapes checked in Java.
 *
 * <p>Images are {@code [B, C, H, W]} in either memory format; results keep the format of their input as libtorch does.
 * A wrong shape is an {@link IllegalArgumentException} that names the operator; an error inside libtorch is a
 * {@link TorchException} with libtorch's reason. Semantics are those of the PyTorch function of the same name. Dimensions
 * may be negative everywhere, and then count from the end.
 *
 * <p>Here are layers, products, losses and optimiser steps. {@link Pointwise} has activations, comparisons and other
 * functions of single elements, {@link Reductions} sums, extremes and statistics along dimensions, {@link Shaping} joins,
 * splits and picks, {@link Tensor} arithmetic and views, {@link Linalg} decompositions. Everything else that libtorch's
 * dispatcher has is reached by name, with {@link #call}.
 */
public final class Ops {
    private static final Op CONV2D = new Op("aten::conv2d");
    private static final Op CONV_TRANSPOSE2D = new Op("aten::conv_transpose2d", "input");
    private static final Op MKLDNN_CONVOLUTION = new Op("aten::mkldnn_convolution");
    private static final Op LINEAR = new Op("aten::linear");
    private static final Op GROUP_NORM = new Op("aten::group_norm");
    private static final Op SILU = new Op("aten::silu");
    private static final Op SILU_IN_PLACE = new Op("aten::silu_");
    private static final Op RELU = new Op("aten::relu");
    private static final Op AVG_POOL2D = new Op("aten::avg_pool2d");
    private static final Op MAX_POOL2D = new Op("aten::max_pool2d");
    private static final Op UPSAMPLE_NEAREST = new Op("aten::upsample_nearest2d");
    private static final Op PAD = new Op("aten::pad");
    private static final Op CAT = new Op("aten::cat");
    private static final Op SOFTMAX = new Op("aten::softmax", "int");
    private static final Op LOG_SOFTMAX = new Op("aten::log_softmax", "int");
    private static final Op ATTENTION = new Op("aten::scaled_dot_product_attention");
    private static final Op MATMUL = new Op("aten::matmul");
    private static final Op MM = new Op("aten::mm");
    private static final Op SUM = new Op("aten::sum");
    private static final Op SUM_DIM = new Op("aten::sum", "dim_IntList");
    private static final Op MEAN = new Op("aten::mean");
    private static final Op MEAN_DIM = new Op("aten::mean", "dim");
    private static final Op MSE_LOSS = new Op("aten::mse_loss");
    private static final Op NLL_LOSS = new Op("aten::nll_loss");
    private static final Op DOT = new Op("aten::dot");
    private static final Op CLAMP = new Op("aten::clamp", "Tensor");
    private static final Op EXP = new Op("aten::exp");
    private static final Op LOG = new Op("aten::log");
    private static final Op SQRT = new Op("aten::sqrt");
    private static final Op SIN = new Op("aten::sin");
    private static final Op COS = new Op("aten::cos");
    private static final Op TANH = new Op("aten::tanh");
    private static final Op INDEX_SELECT = new Op("aten::index_select");
    private static final Op ARGMAX = new Op("aten::argmax");
    private static final Op LERP = new Op("aten::lerp_", "Tensor");
    private static final Op LERP_INTO = new Op("aten::lerp", "Tensor_out");
    private static final Op MUL_IN_PLACE = new Op("aten::mul_", "Tensor");
    private static final Op FUSED_ADAMW = new Op("aten::_fused_adamw_");
    private static final Op FUSED_ADAM = new Op("aten::_fused_adam_");

    /** {@code aten::mse_loss}'s reduction number for the mean. */
    private static final int MEAN_REDUCTION = 1;

    private static final Op LAYER_NORM = new Op("aten::layer_norm");
    private static final Op EMBEDDING = new Op("aten::embedding");
    private static final Op PIXEL_UNSHUFFLE = new Op("aten::pixel_unshuffle");
    private static final Op PIXEL_SHUFFLE = new Op("aten::pixel_shuffle");
    private static final Op UPSAMPLE_BILINEAR = new Op("aten::upsample_bilinear2d");
    private static final Op EINSUM = new Op("aten::einsum");

    private Ops() {}

    // ---- By name --------------------------------------------------------------------------------------------------

    /**
     * Calls any operator of the dispatcher that changes no argument and returns one tensor, differentiably:
     *
     * <pre>{@code
     * Tensor y = Ops.call("aten::gelu", x, "tanh");
     * Tensor z = Ops.call("aten::sum.dim_IntList", x, new long[] {-1}, true);
     * }</pre>
     *
     * <p>Arguments are a Tensor, a List of tensors (an array alone would be spread), integers and numbers, Boolean, String, long[], double[], {@link DType},
     * {@link Device}, {@link MemoryFormat}, or null for None. Their number and kinds are checked by the operator's schema
     * before libtorch is called; shapes and values are checked by libtorch alone. A {@code Scalar} has no place in libtorch's
     * C ABI: take the overload with a tensor.
     *
     * @param operator name and overload as in PyTorch's {@code torch.ops}, such as {@code aten::sum.dim_IntList}
     * @param arguments in the order of the schema; those left out at the end have their defaults
     * @throws IllegalArgumentException if there is no such operator, if the arguments are not those of its schema, or if it
     *     returns several tensors
     */
    public static Tensor call(String operator, Object... arguments) {
        var schema = Schema.of(operator);
        if (!schema.returns().equals(List.of("Tensor"))) {
            throw new IllegalArgumentException(
                    "Ops.call is for operators that return one tensor; use Ops.callAll for " + schema.text());
        }
        return schema.run(arguments).getFirst();
    }

    /**
     * Calls any operator of the dispatcher that changes no argument and returns several tensors or a list of them; see
     * {@link #call}.
     *
     * @return in the schema's order; null for a result that the arguments do not ask for
     */
    public static List<Tensor> callAll(String operator, Object... arguments) {
        return Schema.of(operator).run(arguments);
    }

    // ---- Layers ---------------------------------------------------------------------------------------------------

    /**
     * Cross-correlation of {@code x [B, C, H, W]} with {@code weight [O, C, kh, kw]}, zero padding on all sides.
     *
     * @param bias {@code [O]}, or null
     * @return {@code [B, O, (H + 2 padding - kh) / stride + 1, ...]}
     */
    public static Tensor conv2d(Tensor x, Tensor weight, Tensor bias, int stride, int padding) {
        return conv2d(x, weight, bias, stride, padding, 1);
    }

    static Tensor conv2d(Tensor x, Tensor weight, Tensor bias, Window window, int groups) {
        checkConv2d(x, weight, bias, window, groups);
        if (groups == 1 && CpuTuning.convolvesByOneDnn(x)) {
            return convolveByOneDnn(x, weight, bias, window);
        }
        return convolve(x, weight, bias, window, groups);
    }

    /**
     * Cross-correlation in groups: of {@code groups} equal parts of the channels, each with its own part of the weight.
     *
     * @param weight {@code [O, C / groups, kh, kw]}
     * @param bias {@code [O]}, or null
     * @param groups divides C and O; C itself for a depthwise convolution
     */
    public static Tensor conv2d(Tensor x, Tensor weight, Tensor bias, int stride, int padding, int groups) {
        return conv2d(x, weight, bias, Window.of(stride, padding), groups);
    }

    private static Tensor convolve(Tensor x, Tensor weight, Tensor bias, Window window, int groups) {
        return CONV2D.call()
                .tensor(x)
                .tensor(weight)
                .optional(bias)
                .integers(window.stride(), window.stride())
                .integers(window.rows(), window.columns())
                .integers(1, 1)
                .integer(groups)
                .one();
    }

    static Tensor convolveByOneDnn(Tensor x, Tensor weight, Tensor bias, Window window) {
        return MKLDNN_CONVOLUTION
                .call()
                .tensor(x)
                .tensor(weight)
                .optional(bias)
                .integers(window.rows(), window.columns())
                .integers(window.stride(), window.stride())
                .integers(1, 1)
                .integer(1)
                .one();
    }

    static void checkConv2d(Tensor x, Tensor weight, Tensor bias, Window window, int groups) {
        ShapeChecks.conv2d(x.shape(), weight.shape(), shapeOf(bias), window, groups);
        sameType("conv2d", x, weight);
    }

    private static Shape shapeOf(Tensor optional) {
        return optional == null ? null : optional.shape();
    }

    /**
     * The transpose of a convolution with stride: every pixel of {@code x [B, C, H, W]} adds its multiple of the kernel
     * {@code weight [C, O, kh, kw]} to the output, {@code stride} pixels from its neighbour's, and {@code padding} rows and
     * columns are cut off all sides.
     *
     * @param bias {@code [O]}, or null
     * @return {@code [B, O, (H - 1) stride - 2 padding + kh, ...]}
     */
    public static Tensor convTranspose2d(Tensor x, Tensor weight, Tensor bias, int stride, int padding) {
        ShapeChecks.convTranspose2d(x.shape(), weight.shape(), shapeOf(bias), stride, padding);
        sameType("convTranspose2d", x, weight);
        return CONV_TRANSPOSE2D
                .call()
                .tensor(x)
                .tensor(weight)
                .optional(bias)
                .integers(stride, stride)
                .integers(padding, padding)
                .integers(0, 0)
                .integer(1)
                .integers(1, 1)
                .one();
    }

    /** {@code x [..., in] · weight[out, in]^T + bias[out]}; bias may be null. */
    public static Tensor linear(Tensor x, Tensor weight, Tensor bias) {
        ShapeChecks.linear(x.shape(), weight.shape(), shapeOf(bias));
        sameType("linear", x, weight);
        return LINEAR.call().tensor(x).tensor(weight).optional(bias).one();
    }

    /**
     * Normalises {@code x [B, C, ...]} over groups of C/groups channels and all positions (Wu and He 2018), then scales
     * and shifts each channel.
     */
    public static Tensor groupNorm(Tensor x, int groups, Tensor weight, Tensor bias, double eps) {
        var in = x.shape();
        ShapeChecks.groupNorm(in, groups, weight.shape(), bias.shape());
        if (x.dtype() != weight.dtype()
                // CUDA's kernel knows one type only.
                && (x.device().kind() == Device.Kind.CUDA || CpuTuning.normalisesInFloat32(in, groups))) {
            return groupNorm(x.to(weight.dtype()), groups, weight, bias, eps).to(x.dtype());
        }
        return CpuTuning.alikeAloneAndInABatch(
                x,
                () -> GROUP_NORM
                        .call()
                        .tensor(x)
                        .integer(groups)
                        .optional(weight)
                        .optional(bias)
                        .real(eps)
                        .bool(false)
                        .one());
    }

    /**
     * Normalises the last dimensions of {@code x} to mean 0 and variance 1 (Ba et al. 2016), then scales and shifts.
     *
     * @param normalized the sizes of those dimensions, e.g. {@code Shape.of(C)} for {@code [B, N, C]}
     * @param weight of that shape, or null for no scale
     * @param bias of that shape, or null for no shift
     * @param eps added to the variance
     */
    public static Tensor layerNorm(Tensor x, Shape normalized, Tensor weight, Tensor bias, double eps) {
        ShapeChecks.layerNorm(x.shape(), normalized, shapeOf(weight), shapeOf(bias));
        for (var parameter : new Tensor[] {weight, bias}) {
            if (parameter != null) {
                sameType("layerNorm", x, parameter);
            }
        }
        return LAYER_NORM
                .call()
                .tensor(x)
                .integers(normalized.toArray())
                .optional(weight)
                .optional(bias)
                .real(eps)
                .bool(true)
                .one();
    }

    /**
     * Rows of a table: {@code weight [n, C]} at {@code indices [...]} (int64) gives {@code [..., C]}. Indices out of range
     * are dealt with as in {@link #indexSelect}.
     */
    public static Tensor embedding(Tensor weight, Tensor indices) {
        if (weight.shape().rank() != 2 || indices.dtype() != DType.INT64) {
            throw new IllegalArgumentException("embedding: weight " + weight.shape() + " at " + indices.dtype()
                    + " indices: a weight [n, C] and int64 indices are needed");
        }
        return EMBEDDING
                .call()
                .tensor(weight)
                .tensor(indices)
                .integer(-1)
                .bool(false)
                .bool(false)
                .one();
    }

    /** {@code x sigmoid(x)}, also called swish. */
    public static Tensor silu(Tensor x) {
        return SILU.call().tensor(x).one();
    }

    public static Tensor relu(Tensor x) {
        return RELU.call().tensor(x).one();
    }

    /** Mean over windows of {@code size} by {@code size} pixels that do not overlap; sizes are divided, rounding down. */
    public static Tensor avgPool2d(Tensor x, int size) {
        ShapeChecks.pooling("avgPool2d", x.shape(), size);
        return AVG_POOL2D
                .call()
                .tensor(x)
                .integers(size, size)
                .integers()
                .integers(0, 0)
                .bool(false)
                .bool(true)
                .none()
                .one();
    }

    /** Maximum over windows of {@code size} by {@code size} pixels that do not overlap. */
    public static Tensor maxPool2d(Tensor x, int size) {
        ShapeChecks.pooling("maxPool2d", x.shape(), size);
        return MAX_POOL2D
                .call()
                .tensor(x)
                .integers(size, size)
                .integers()
                .integers(0, 0)
                .integers(1, 1)
                .bool(false)
                .one();
    }

    /**
     * Mean over windows of {@code size} by {@code size} pixels, {@code stride} apart; of windows over the edge, of the pixels
     * inside.
     *
     * @param padding how far windows may begin outside the image, at most half their size
     */
    public static Tensor avgPool2d(Tensor x, int size, int stride, int padding) {
        ShapeChecks.pooling("avgPool2d", x.shape(), size, stride, padding);
        return AVG_POOL2D
                .call()
                .tensor(x)
                .integers(size, size)
                .integers(stride, stride)
                .integers(padding, padding)
                .bool(false)
                .bool(false)
                .none()
                .one();
    }

    /**
     * Maximum over windows of {@code size} by {@code size} pixels, {@code stride} apart.
     *
     * @param padding how far windows may begin outside the image, at most half their size
     */
    public static Tensor maxPool2d(Tensor x, int size, int stride, int padding) {
        ShapeChecks.pooling("maxPool2d", x.shape(), size, stride, padding);
        return MAX_POOL2D
                .call()
                .tensor(x)
                .integers(size, size)
                .integers(stride, stride)
                .integers(padding, padding)
                .integers(1, 1)
                .bool(false)
                .one();
    }

    /** Every pixel repeated {@code factor} times along height and width. */
    public static Tensor upsampleNearest2d(Tensor x, int factor) {
        var in = x.shape();
        ShapeChecks.upsample(in, factor);
        return UPSAMPLE_NEAREST
                .call()
                .tensor(x)
                .integers(in.size(2) * factor, in.size(3) * factor)
                .none()
                .none()
                .one();
    }

    /**
     * Images {@code [B, C, H, W]} cut into squares of {@code factor} by {@code factor} pixels, which become channels:
     * {@code [B, C factor^2, H / factor, W / factor]}, each channel's pixels row by row.
     */
    public static Tensor pixelUnshuffle(Tensor x, int factor) {
        ShapeChecks.unshuffle(x.shape(), factor);
        return PIXEL_UNSHUFFLE.call().tensor(x).integer(factor).one();
    }

    /** The inverse of {@link #pixelUnshuffle}: {@code [B, C factor^2, H, W]} to {@code [B, C, H factor, W factor]}. */
    public static Tensor pixelShuffle(Tensor x, int factor) {
        ShapeChecks.shuffle(x.shape(), factor);
        return PIXEL_SHUFFLE.call().tensor(x).integer(factor).one();
    }

    /**
     * Images {@code [B, C, H, W]} resized to {@code [B, C, height, width]} by bilinear interpolation.
     *
     * @param alignCorners whether the centres of the corner pixels stay where they are, rather than the images' edges
     */
    public static Tensor upsampleBilinear2d(Tensor x, int height, int width, boolean alignCorners) {
        ShapeChecks.resize("upsampleBilinear2d", x.shape(), height, width);
        return UPSAMPLE_BILINEAR
                .call()
                .tensor(x)
                .integers(height, width)
                .bool(alignCorners)
                .none()
                .none()
                .one();
    }

    /** Zeros added around images {@code [B, C, H, W]}. */
    public static Tensor padZeros(Tensor x, int left, int right, int top, int bottom) {
        ShapeChecks.pad(x.shape(), left, right, top, bottom);
        return PAD.call()
                .tensor(x)
                .integers(left, right, top, bottom)
                .string("constant")
                .none()
                .one();
    }

    /** Tensors joined along one dimension; all other sizes must agree. */
    public static Tensor cat(int dimension, Tensor... tensors) {
        if (tensors.length == 0) {
            throw new IllegalArgumentException("cat of no tensors");
        }
        var first = tensors[0].shape();
        for (var tensor : tensors) {
            var s = tensor.shape();
            if (s.rank() != first.rank()
                    || !s.with(dimension, first.size(dimension)).equals(first)) {
                throw new IllegalArgumentException(
                        "cat along dimension " + dimension + ": shapes " + first + " and " + s + " differ elsewhere");
            }
        }
        return CAT.call().tensors(tensors).integer(dimension).one();
    }

    /** Exponentials that sum to 1 along one dimension. */
    public static Tensor softmax(Tensor x, int dimension) {
        x.shape().size(dimension);
        return SOFTMAX.call().tensor(x).integer(dimension).none().one();
    }

    public static Tensor logSoftmax(Tensor x, int dimension) {
        x.shape().size(dimension);
        return LOG_SOFTMAX.call().tensor(x).integer(dimension).none().one();
    }

    /**
     * Attention (Vaswani et al. 2017): {@code softmax(q k^T / sqrt(D)) v} for {@code q, k, v} of shape
     * {@code [B, heads, positions, D]}.
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v) {
        attends(q, k, v);
        if (CpuTuning.attendsByProducts(q)) {
            double scale = 1 / Math.sqrt(q.shape().size(3));
            var scores = matmul(q.mul(scale), k.transpose(2, 3)).to(DType.FLOAT32);
            return matmul(softmax(scores, 3).to(DType.BFLOAT16), v);
        }
        return attend(q, k, v, null);
    }

    /**
     * Attention with a mask.
     *
     * @param mask broadcasts to {@code [B, heads, positions of q, positions of k]}: of type bool, true where a position is
     *     seen, or of q's type, added to the scores before softmax
     */
    public static Tensor attention(Tensor q, Tensor k, Tensor v, Tensor mask) {
        attends(q, k, v);
        var s = q.shape();
        Broadcast.into(
                "attention's mask",
                Shape.of(s.size(0), s.size(1), s.size(2), k.shape().size(2)),
                mask.shape());
        if (mask.dtype() != DType.BOOL && mask.dtype() != q.dtype()
                || !mask.device().equals(q.device())) {
            throw new IllegalArgumentException(
                    "attention: a mask of type " + mask.dtype() + " on " + mask.device() + " for queries of type "
                            + q.dtype() + " on " + q.device() + ": bool, or the queries' type, is needed");
        }
        return attend(q, k, v, mask);
    }

    private static void attends(Tensor q, Tensor k, Tensor v) {
        var s = q.shape();
        if (s.rank() != 4
                || !k.shape().equals(v.shape())
                || k.shape().rank() != 4
                || !k.shape().with(2, s.size(2)).equals(s)) {
            throw new IllegalArgumentException(
                    "attention: q " + s + ", k " + k.shape() + ", v " + v.shape() + " ([B, heads, positions, D])");
        }
        sameType("attention", q, k, v);
    }

    private static Tensor attend(Tensor q, Tensor k, Tensor v, Tensor mask) {
        return ATTENTION
                .call()
                .tensor(q)
                .tensor(k)
                .tensor(v)
                .optional(mask)
                .real(0)
                .bool(false)
                .none()
                .bool(false)
                .one();
    }

    /**
     * Sums of products by Einstein's convention: {@code einsum("bhqd,bhkd->bhqk", q, k)}.
     *
     * @param equation one term of letters for each tensor, a letter for each dimension; then {@code ->} and the letters of
     *     the result. Without those the result has the letters that occur once, in alphabetical order. {@code ...} stands
     *     for dimensions that broadcast
     */
    public static Tensor einsum(String equation, Tensor... tensors) {
        var shapes = new Shape[tensors.length];
        for (int i = 0; i < shapes.length; i++) {
            shapes[i] = tensors[i].shape();
        }
        ShapeChecks.einsum(equation, shapes);
        sameType("einsum", tensors);
        return EINSUM.call().string(equation).tensors(tensors).none().one();
    }

    /** Matrix product over the last two dimensions, broadcasting the others. */
    public static Tensor matmul(Tensor a, Tensor b) {
        var x = a.shape();
        var y = b.shape();
        if (x.rank() < 2 || y.rank() < 2 || x.size(-1) != y.size(-2)) {
            throw new IllegalArgumentException("matmul: " + x + " by " + y);
        }
        return x.rank() == 2 && y.rank() == 2
                ? MM.call().tensor(a).tensor(b).one()
                : MATMUL.call().tensor(a).tensor(b).one();
    }

    /** The sum of all elements, a scalar. */
    public static Tensor sum(Tensor x) {
        return SUM.call().tensor(x).none().one();
    }

    /** Sums along the given dimensions, which disappear. */
    public static Tensor sum(Tensor x, long... dimensions) {
        return SUM_DIM.call()
                .tensor(x)
                .presentIntegers(checked("sum", x, dimensions))
                .bool(false)
                .none()
                .one();
    }

    /** The mean of all elements, a scalar. */
    public static Tensor mean(Tensor x) {
        return MEAN.call().tensor(x).none().one();
    }

    /** Means along the given dimensions, which disappear. */
    public static Tensor mean(Tensor x, long... dimensions) {
        return MEAN_DIM.call()
                .tensor(x)
                .presentIntegers(checked("mean", x, dimensions))
                .bool(false)
                .none()
                .one();
    }

    private static long[] checked(String op, Tensor x, long[] dimensions) {
        for (long d : dimensions) {
            if (d < -x.shape().rank() || d >= x.shape().rank()) {
                throw new IllegalArgumentException(op + " along dimension " + d + " of " + x.shape());
            }
        }
        return dimensions;
    }

    /** The mean of squared differences, a scalar. */
    public static Tensor mseLoss(Tensor prediction, Tensor target) {
        if (!prediction.shape().equals(target.shape())) {
            throw new IllegalArgumentException(
                    "mseLoss: shapes " + prediction.shape() + " and " + target.shape() + " differ");
        }
        return MSE_LOSS.call()
                .tensor(prediction)
                .tensor(target)
                .integer(MEAN_REDUCTION)
                .one();
    }

    /** Mean negative log-likelihood: {@code logProbabilities [B, classes]} at {@code labels [B]} (int64). */
    public static Tensor nllLoss(Tensor logProbabilities, Tensor labels) {
        var s = logProbabilities.shape();
        if (s.rank() != 2 || !labels.shape().equals(Shape.of(s.size(0))) || labels.dtype() != DType.INT64) {
            throw new IllegalArgumentException(
                    "nllLoss: " + logProbabilities.describe() + " with labels " + labels.describe());
        }
        return NLL_LOSS.call()
                .tensor(logProbabilities)
                .tensor(labels)
                .none()
                .integer(MEAN_REDUCTION)
                .integer(-100)
                .one();
    }

    /** The inner product of two vectors. */
    public static Tensor dot(Tensor a, Tensor b) {
        if (a.shape().rank() != 1 || !a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("dot: " + a.shape() + " and " + b.shape());
        }
        return DOT.call().tensor(a).tensor(b).one();
    }

    /** Each element moved into {@code [min, max]}. */
    public static Tensor clamp(Tensor x, double min, double max) {
        if (!(min <= max)) {
            throw new IllegalArgumentException("clamp to [" + min + ", " + max + "]");
        }
        var low = Tensor.full(Shape.of(), min, x.dtype(), x.device());
        var high = Tensor.full(Shape.of(), max, x.dtype(), x.device());
        return CLAMP.call().tensor(x).optional(low).optional(high).one();
    }

    public static Tensor exp(Tensor x) {
        return EXP.call().tensor(x).one();
    }

    public static Tensor log(Tensor x) {
        return LOG.call().tensor(x).one();
    }

    public static Tensor sqrt(Tensor x) {
        return SQRT.call().tensor(x).one();
    }

    public static Tensor sin(Tensor x) {
        return SIN.call().tensor(x).one();
    }

    public static Tensor cos(Tensor x) {
        return COS.call().tensor(x).one();
    }

    public static Tensor tanh(Tensor x) {
        return TANH.call().tensor(x).one();
    }

    /**
     * Slices of {@code x} at {@code indices [n]} (int64) along one dimension, e.g. table rows by timestep.
     *
     * <p>Indices out of range are an error of libtorch on the CPU; on CUDA they end the process's context, so callers
     * check them where they come from.
     */
    public static Tensor indexSelect(Tensor x, int dimension, Tensor indices) {
        x.shape().size(dimension);
        if (indices.shape().rank() != 1 || indices.dtype() != DType.INT64) {
            throw new IllegalArgumentException("indexSelect with indices " + indices.describe() + ": int64 [n] needed");
        }
        return INDEX_SELECT.call().tensor(x).integer(dimension).tensor(indices).one();
    }

    /** The position of the largest element along one dimension, int64. */
    public static Tensor argmax(Tensor x, int dimension) {
        x.shape().size(dimension);
        return ARGMAX.call().tensor(x).optionalInteger(dimension).bool(false).one();
    }

    // ---- In place --------------------------------------------------------------------------------------------------

    /** {@code x += weight (target - x)}, the EMA update with weight 1 - decay. */
    public static void lerpInPlace(Tensor x, Tensor target, double weight) {
        Broadcast.into("lerp_", x.shape(), target.shape());
        try (var _ = TensorScope.open()) {
            var w = Tensor.full(Shape.of(), weight, x.dtype(), x.device());
            LERP.call().tensor(x).tensor(target).tensor(w).inPlace();
        }
    }

    /**
     * {@code result = start + weight (end - start)}, all three broadcast to the result's shape. It may be {@code start} or
     * {@code end} itself; other tensors must not share its memory.
     *
     * @param weight any numbers, also outside of 0 to 1
     */
    public static void lerpInto(Tensor result, Tensor start, Tensor end, Tensor weight) {
        Broadcast.fill("lerp", result.shape(), start.shape(), end.shape(), weight.shape());
        LERP_INTO.call().tensor(start).tensor(end).tensor(weight).tensor(result).inPlace();
    }

    /** {@code x = x sigmoid(x)}: {@link #silu} in x's own memory, which the processor's caches still hold. */
    public static void siluInPlace(Tensor x) {
        SILU_IN_PLACE.call().tensor(x).inPlace();
    }

    /** {@code x *= factor} with a factor that broadcasts, e.g. a scalar on the same device. */
    public static void mulInPlace(Tensor x, Tensor factor) {
        Broadcast.into("mul_", x.shape(), factor.shape());
        MUL_IN_PLACE.call().tensor(x).tensor(factor).inPlace();
    }

    /** How {@link #adamStep} decays weights. */
    public enum Decay {
        /** AdamW (Loshchilov and Hutter 2019): the weights shrink by lr times decay. */
        DECOUPLED,
        /** Adam with L2 regularisation: decay times weight joins the gradient. */
        L2
    }

    /**
     * One fused Adam update (Kingma and Ba 2015) of flat float32 buffers of equal length, in place.
     *
     * @param step how many updates this makes, counted from 1: the bias corrections are 1 - beta^step
     */
    public static void adamStep(
            Tensor parameters,
            Tensor gradients,
            Tensor firstMoments,
            Tensor secondMoments,
            long step,
            double learningRate,
            double beta1,
            double beta2,
            double weightDecay,
            double eps,
            Decay decay) {
        for (var buffer : new Tensor[] {parameters, gradients, firstMoments, secondMoments}) {
            if (!buffer.isContiguous() || !buffer.dtype().isFloating()) {
                // The fused kernel runs over memory, not over elements: a view with gaps would be updated beside
                // itself.
                throw new IllegalArgumentException(
                        "adamStep: " + buffer.describe() + " must be floating and without gaps");
            }
            if (!buffer.shape().equals(parameters.shape()) || buffer.dtype() != parameters.dtype()) {
                throw new IllegalArgumentException(
                        "adamStep: " + buffer.describe() + " beside parameters " + parameters.describe());
            }
        }
        if (step < 1) {
            throw new IllegalArgumentException("adamStep: step " + step + "; the first is 1");
        }
        try (var _ = TensorScope.open()) {
            var count = Tensor.full(Shape.of(), step, DType.FLOAT32, parameters.device());
            (decay == Decay.DECOUPLED ? FUSED_ADAMW : FUSED_ADAM)
                    .call()
                    .tensors(parameters)
                    .tensors(gradients)
                    .tensors(firstMoments)
                    .tensors(secondMoments)
                    .tensors()
                    .tensors(count)
                    .real(learningRate)
                    .real(beta1)
                    .real(beta2)
                    .real(weightDecay)
                    .real(eps)
                    .bool(false)
                    .bool(false)
                    .none()
                    .none()
                    .nothing();
        }
    }

    // ---- Checks ----------------------------------------------------------------------------------------------------

    static void sameType(String op, Tensor... tensors) {
        for (var tensor : tensors) {
            if (tensor.dtype() != tensors[0].dtype() || !tensor.device().equals(tensors[0].device())) {
                throw new IllegalArgumentException(op + ": types and devices differ: "
                        + Arrays.stream(tensors).map(Tensor::describe).toList());
            }
        }
    }
}
