package ddpm.torch;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Weights laid out beforehand as oneDNN wants them on this processor, instead of at every call. Convolutions give the same
 * numbers, up to twice as fast where images are few and small. Linear layers in float32 are twice as fast as in the BLAS,
 * and round every row alike, whatever rows are beside it. For inference; there is no gradient.
 */
public final class PackedKernel {
    private static final Op TO_MKLDNN = new Op("aten::to_mkldnn");
    private static final Op REORDER = new Op("aten::mkldnn_reorder_conv2d_weight");
    private static final Op REORDER_LINEAR = new Op("mkldnn::_reorder_linear_weight");
    private static final Op LINEAR = new Op("mkldnn::_linear_pointwise");
    private static final Op CONVOLVE = new Op("mkldnn::_convolution_pointwise");

    /** By type; not every libtorch is built with oneDNN, nor does every processor compute in bfloat16. */
    private static final Map<DType, Boolean> WORKS = new ConcurrentHashMap<>();

    private PackedKernel() {}

    /** Whether there are packed kernels for tensors like this one here. */
    public static boolean suits(Tensor x) {
        return x.device().equals(Device.CPU)
                && x.shape().numel() > 0
                && WORKS.computeIfAbsent(x.dtype(), PackedKernel::works);
    }

    private static boolean works(DType type) {
        if (type != DType.FLOAT32 && type != DType.BFLOAT16) {
            return false;
        }
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var image = Tensor.zeros(Shape.of(1, 1, 3, 3), type, Device.CPU);
            conv2d(image, ofConv2d(image, image.shape(), 1, 1), null, 1, 1);
            var row = Tensor.zeros(Shape.of(1, 3), type, Device.CPU);
            linear(row, ofLinear(row, 1), null);
            return true;
        } catch (TorchException e) {
            return false;
        }
    }

    /**
     * Lays a convolution's weight out. The result has no readable elements; it is for {@link #conv2d} only.
     *
     * @param weight {@code [O, C, kh, kw]}
     * @param images the shape {@code [B, C, H, W]} it is for; others are right too, perhaps slower
     */
    public static Tensor ofConv2d(Tensor weight, Shape images, int stride, int padding) {
        var opaque = TO_MKLDNN.call().tensor(weight).none().one();
        return REORDER.call()
                .tensor(opaque)
                .integers(padding, padding)
                .integers(stride, stride)
                .integers(1, 1)
                .integer(1)
                .presentIntegers(images.toArray())
                .one();
    }

    /**
     * {@link Ops#conv2d} with a weight from {@link #ofConv2d}.
     *
     * @param bias {@code [O]}, or null
     */
    public static Tensor conv2d(Tensor x, Tensor packed, Tensor bias, int stride, int padding) {
        Ops.checkConv2d(x, packed, bias, stride, padding);
        return CONVOLVE.call()
                .tensor(x)
                .tensor(packed)
                .optional(bias)
                .integers(padding, padding)
                .integers(stride, stride)
                .integers(1, 1)
                .integer(1)
                .string("none")
                .tensors()
                .none()
                .one();
    }

    /**
     * Lays a linear layer's weight out, for {@link #linear} only.
     *
     * @param weight {@code [out, in]}
     * @param rows how many vectors go through at once, about
     */
    public static Tensor ofLinear(Tensor weight, long rows) {
        return REORDER_LINEAR.call().tensor(weight).optionalInteger(rows).one();
    }

    /**
     * {@link Ops#linear} with a weight from {@link #ofLinear}.
     *
     * @param bias {@code [out]}, or null
     */
    public static Tensor linear(Tensor x, Tensor packed, Tensor bias) {
        Ops.checkLinear(x, packed, bias);
        return LINEAR.call()
                .tensor(x)
                .tensor(packed)
                .optional(bias)
                .string("none")
                .tensors()
                .none()
                .one();
    }
}
