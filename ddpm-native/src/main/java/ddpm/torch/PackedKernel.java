package ddpm.torch;

import ddpm.torch.KernelCheck.Comparison;
import ddpm.torch.ShapeChecks.Window;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Weights laid out beforehand as oneDNN wants them on this processor, instead of at every call. Convolutions give the same
 * numbers, up to twice as fast where images are few and small. Linear layers in float32 are twice as fast as in the BLAS,
 * and round every row alike, whatever rows are beside it.
 *
 * <p>Packed kernels have no gradient: they are for inference. Some libtorchs compute some of them wrongly, so each is
 * tried on noise when it is made. Where it is wrong the plain operator takes its place, and where that is wrong too, the
 * plain operator in float32.
 */
public final class PackedKernel {
    private static final Op TO_MKLDNN = new Op("aten::to_mkldnn");
    private static final Op REORDER = new Op("aten::mkldnn_reorder_conv2d_weight");
    private static final Op REORDER_LINEAR = new Op("mkldnn::_reorder_linear_weight");
    private static final Op LINEAR = new Op("mkldnn::_linear_pointwise");
    private static final Op CONVOLVE = new Op("mkldnn::_convolution_pointwise");

    /** By type; not every libtorch is built with oneDNN, nor does every processor compute in bfloat16. */
    private static final Map<DType, Boolean> AVAILABLE = new ConcurrentHashMap<>();

    /** How many rows a packed linear layer is tried with at most. */
    private static final long MOST_ROWS = 64;

    /** Kernels that were compared and are right: libtorch computes all of one kind by the same code. */
    private static final Set<Kind> RIGHT = ConcurrentHashMap.newKeySet();

    private static final AtomicBoolean NOTED = new AtomicBoolean();

    private PackedKernel() {}

    /**
     * Whether packed kernels may compute with these tensors: the input first, then the weight and the bias if there is
     * one. They may not on other devices and in other types than float32 and bfloat16, nor where a gradient is wanted.
     */
    public static boolean suits(Tensor x, Tensor... others) {
        if (!x.device().equals(Device.CPU) || x.shape().numel() == 0 || !isAvailable(x.dtype())) {
            return false;
        }
        return !wantsGradient(x, others);
    }

    private static boolean wantsGradient(Tensor x, Tensor... others) {
        if (!GradMode.isOn()) {
            return false;
        }
        boolean wanted = x.requiresGrad();
        for (var other : others) {
            wanted |= other != null && other.requiresGrad();
        }
        return wanted;
    }

    private static boolean isAvailable(DType type) {
        return AVAILABLE.computeIfAbsent(type, PackedKernel::isImplemented);
    }

    private static boolean isImplemented(DType type) {
        if (type != DType.FLOAT32 && type != DType.BFLOAT16) {
            return false;
        }
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var image = Tensor.zeros(Shape.of(1, 1, 3, 3), type, Device.CPU);
            convolve(image, pack(image, image.shape(), Window.of(1, 1), 1), null, Window.of(1, 1), 1);
            var row = Tensor.zeros(Shape.of(1, 3), type, Device.CPU);
            multiply(row, pack(row, 1), null);
            return true;
        } catch (TorchException e) {
            return false;
        }
    }

    // ---- Convolutions ---------------------------------------------------------------------------------------------

    /**
     * Lays a convolution's weight out. The result has no readable elements; it is for {@link #conv2d} only. Where this
     * libtorch computes such a kernel wrongly, the result is a plain weight.
     *
     * @param weight {@code [O, C, kh, kw]}
     * @param images the shape {@code [B, C, H, W]} it is for; others are right too, perhaps slower
     */
    public static Tensor ofConv2d(Tensor weight, Shape images, int stride, int padding) {
        return ofConv2d(weight, images, stride, padding, padding, 1);
    }

    /**
     * {@link #ofConv2d(Tensor, Shape, int, int)} in groups, with paddings of its own for height and width.
     *
     * @param weight {@code [O, C / groups, kh, kw]}
     * @param rows of zeros above and below
     * @param columns of zeros on the left and on the right
     * @param groups equal parts of the channels, each with its own part of the weight; divides C and O
     */
    public static Tensor ofConv2d(Tensor weight, Shape images, int stride, int rows, int columns, int groups) {
        var window = new Window(stride, rows, columns);
        ShapeChecks.conv2d(images, weight.shape(), null, window, groups);
        packable("ofConv2d", weight, images.numel());
        try (var scope = TensorScope.open();
                var _ = GradMode.off()) {
            var packed = pack(weight, images, window, groups);
            var kind = Kind.of(weight, images, window);
            return scope.keep(trusted(
                    kind,
                    weight,
                    packed,
                    () -> KernelCheck.images(images, weight.dtype()),
                    x -> KernelCheck.conv2d(x, weight, window, v -> convolve(v, packed, null, window, groups)),
                    x -> KernelCheck.conv2d(x, weight, window, v -> Ops.conv2d(v, weight, null, window, groups))));
        }
    }

    static Tensor pack(Tensor weight, Shape images, Window window, int groups) {
        var opaque = TO_MKLDNN.call().tensor(weight).none().one();
        return REORDER.call()
                .tensor(opaque)
                .integers(window.rows(), window.columns())
                .integers(window.stride(), window.stride())
                .integers(1, 1)
                .integer(groups)
                .presentIntegers(images.toArray())
                .one()
                .packed();
    }

    /**
     * {@link Ops#conv2d} with a weight from {@link #ofConv2d}.
     *
     * @param bias {@code [O]}, or null
     * @throws IllegalStateException if a gradient is wanted, see {@link #suits}
     */
    public static Tensor conv2d(Tensor x, Tensor packed, Tensor bias, int stride, int padding) {
        return conv2d(x, packed, bias, stride, padding, padding, 1);
    }

    /** {@link #conv2d(Tensor, Tensor, Tensor, int, int)} with a weight that was laid out for these paddings and groups. */
    public static Tensor conv2d(Tensor x, Tensor packed, Tensor bias, int stride, int rows, int columns, int groups) {
        var window = new Window(stride, rows, columns);
        if (!packed.isPacked()) {
            var type = packed.dtype();
            return x.dtype() == type
                    ? Ops.conv2d(x, packed, bias, window, groups)
                    : Ops.conv2d(x.to(type), packed, bias == null ? null : bias.to(type), window, groups)
                            .to(x.dtype());
        }
        Ops.checkConv2d(x, packed, bias, window, groups);
        computable("conv2d", x, bias);
        return convolve(x, packed, bias, window, groups);
    }

    static Tensor convolve(Tensor x, Tensor packed, Tensor bias, Window window, int groups) {
        return CONVOLVE.call()
                .tensor(x)
                .packed(packed)
                .optional(bias)
                .integers(window.rows(), window.columns())
                .integers(window.stride(), window.stride())
                .integers(1, 1)
                .integer(groups)
                .string("none")
                .tensors()
                .none()
                .one();
    }

    // ---- Linear layers --------------------------------------------------------------------------------------------

    /**
     * Lays a linear layer's weight out, for {@link #linear} only. Where this libtorch computes such a kernel wrongly, the
     * result is a plain weight.
     *
     * @param weight {@code [out, in]}
     * @param rows how many vectors go through at once, about
     */
    public static Tensor ofLinear(Tensor weight, long rows) {
        if (weight.shape().rank() != 2) {
            throw new IllegalArgumentException("ofLinear: weight " + weight.shape() + ": [out, in] needed");
        }
        if (rows < 1 || rows > ShapeChecks.LARGEST_SIZE) {
            throw new IllegalArgumentException("ofLinear: " + rows + " rows; 1 to " + ShapeChecks.LARGEST_SIZE);
        }
        packable("ofLinear", weight, 1);
        try (var scope = TensorScope.open();
                var _ = GradMode.off()) {
            // laid out for one row, a row alone is rounded otherwise than among others
            var packed = pack(weight, Math.max(2, rows));
            var input = Shape.of(Math.min(rows, MOST_ROWS), weight.shape().size(1));
            var kind = Kind.of(weight, input, Window.of(1, 0));
            return scope.keep(trusted(
                    kind,
                    weight,
                    packed,
                    () -> KernelCheck.noise(input, weight.dtype()),
                    x -> KernelCheck.linear(x, weight, v -> multiply(v, packed, null)),
                    x -> KernelCheck.linear(x, weight, v -> Ops.linear(v, weight, null))));
        }
    }

    static Tensor pack(Tensor weight, long rows) {
        return REORDER_LINEAR.call().tensor(weight).optionalInteger(rows).one().packed();
    }

    /**
     * {@link Ops#linear} with a weight from {@link #ofLinear}.
     *
     * @param bias {@code [out]}, or null
     * @throws IllegalStateException if a gradient is wanted, see {@link #suits}
     */
    public static Tensor linear(Tensor x, Tensor packed, Tensor bias) {
        if (!packed.isPacked()) {
            var type = packed.dtype();
            return x.dtype() == type
                    ? Ops.linear(x, packed, bias)
                    : Ops.linear(x.to(type), packed, bias == null ? null : bias.to(type))
                            .to(x.dtype());
        }
        ShapeChecks.linear(x.shape(), packed.shape(), bias == null ? null : bias.shape());
        Ops.sameType("linear", x, packed);
        computable("linear", x, bias);
        return multiply(x, packed, bias);
    }

    static Tensor multiply(Tensor x, Tensor packed, Tensor bias) {
        return LINEAR.call()
                .tensor(x)
                .packed(packed)
                .optional(bias)
                .string("none")
                .tensors()
                .none()
                .one();
    }

    // ---- Checks ---------------------------------------------------------------------------------------------------

    private static void packable(String method, Tensor weight, long elements) {
        if (!weight.device().equals(Device.CPU)
                || weight.isPacked()
                || weight.shape().numel() == 0
                || elements == 0
                || !isAvailable(weight.dtype())) {
            throw new IllegalArgumentException("PackedKernel." + method + " of " + weight.describe()
                    + ": a float32 or bfloat16 weight on the CPU with elements is needed, and images too;"
                    + " ask suits() first");
        }
    }

    private static void computable(String method, Tensor x, Tensor bias) {
        if (x.isPacked() || x.shape().numel() == 0 || bias != null && (bias.isPacked() || bias.dtype() != x.dtype())) {
            throw new IllegalArgumentException("PackedKernel." + method + ": input " + x.describe() + " with bias "
                    + (bias == null ? "none" : bias.describe())
                    + ": tensors of one type with elements are needed");
        }
        if (wantsGradient(x, bias)) {
            throw new IllegalStateException("PackedKernel." + method + " has no gradient, and " + x.describe()
                    + " or its bias requires one: use Ops." + method + ", or GradMode.off()");
        }
    }

    /** The packed weight if its kernel is right, else the plain one, in float32 if need be. */
    private static Tensor trusted(
            Kind kind,
            Tensor weight,
            Tensor packed,
            Supplier<Tensor> noise,
            Function<Tensor, Comparison> packedOn,
            Function<Tensor, Comparison> plainOn) {
        if (RIGHT.contains(kind)) {
            return packed;
        }
        var x = noise.get();
        var ofPacked = packedOn.apply(x);
        if (ofPacked.agrees()) {
            if (ofPacked.isFinite()) {
                RIGHT.add(kind);
            }
            return packed;
        }
        if (!ofPacked.isFinite()) {
            return weight.detach(); // damaged weights, which the network's results will show
        }
        if (NOTED.compareAndSet(false, true)) {
            LibTorch.note("libtorch " + LibTorch.load().version() + " computes a packed " + kind.what() + " of "
                    + weight.dtype() + " " + weight.shape() + " wrongly (" + ofPacked + "): the plain operator is used"
                    + " instead, here and wherever else that is so; other libtorchs may be faster");
        }
        return plainOn.apply(x).agrees() ? weight.detach() : weight.to(DType.FLOAT32);
    }

    /**
     * What the layout of a kernel depends on beside its weight. oneDNN has other code for one image on several threads than
     * for images that have a thread each, and lays weights out otherwise for it. A kernel laid out for another use is right
     * too, but libtorch lays it out anew in every call: one convolution of 128 channels at 8x8 then takes 6.7 ms instead of
     * 0.2.
     *
     * @param threads that an operator of the calling thread may use
     * @param alone the shape of an input that several threads share; without dimensions for other inputs
     */
    public record Layout(DType type, int threads, Shape alone) {
        private static final Shape NONE = Shape.of();

        /** For such an input, {@code [B, C, H, W]} or {@code [B, ..., C]}, on the calling thread. */
        public static Layout of(Tensor x) {
            int threads = CpuTuning.threads();
            var shape = x.shape();
            return new Layout(x.dtype(), threads, threads > 1 && shape.size(0) == 1 ? shape : NONE);
        }

        /** Whether it is for one image, or input, that several threads share: there is one such layout for each size. */
        public boolean isShared() {
            return alone.rank() > 0;
        }
    }

    /**
     * What libtorch chooses a kernel's code by.
     *
     * @param weight the weight's shape; its layout is in {@code strides}
     * @param input the input's shape
     */
    private record Kind(DType type, Shape weight, List<Long> strides, Shape input, Window window) {
        static Kind of(Tensor weight, Shape input, Window window) {
            return new Kind(
                    weight.dtype(),
                    weight.shape(),
                    Arrays.stream(weight.strides()).boxed().toList(),
                    input,
                    window);
        }

        String what() {
            return weight.rank() == 4 ? "convolution" : "linear layer";
        }
    }
}
