package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;

/**
 * A libtorch tensor: one owned handle of its C ABI.
 *
 * <p>A tensor is freed when its {@link TensorScope} closes, or earlier by {@link #close()}; using it afterwards is an
 * {@link IllegalStateException}, never a crash. It may be used from several threads: an operation that another thread's
 * {@code close()} overtakes still ends as it would have. Arithmetic is here as methods; everything a network needs is in
 * {@link Ops}.
 */
public final class Tensor implements AutoCloseable {
    private static final int MAX_RANK = 24;
    private static final VarHandle STATE;

    static {
        try {
            STATE = MethodHandles.lookup().findVarHandle(Tensor.class, "state", int.class);
        } catch (ReflectiveOperationException impossible) {
            throw new ExceptionInInitializerError(impossible);
        }
    }

    /** The bit of {@link #state} that {@link #close} clears. */
    private static final int OPEN = 1;

    /** What one use adds to {@link #state}. */
    private static final int USE = 2;

    private final long handle;
    /** {@link #OPEN}, plus {@link #USE} for every use that has not ended; at 0 the handle is freed. */
    private volatile int state = OPEN;

    volatile TensorScope scope;
    int slot;
    private boolean packed;
    private Shape shape;
    private DType dtype;
    private Device device;

    Tensor(long handle, TensorScope scope) {
        this.handle = handle;
        scope.add(this);
    }

    // ---- Use and end ----------------------------------------------------------------------------------------------

    /**
     * Begins a use of the handle, which stays valid until {@link #release()}, whoever closes the tensor meanwhile.
     *
     * @throws IllegalStateException if it is closed
     */
    long acquire() {
        for (int now = state; (now & OPEN) != 0; now = state) {
            if (STATE.compareAndSet(this, now, now + USE)) {
                return handle;
            }
        }
        throw new IllegalStateException("this tensor was closed" + (shape == null ? "" : " (shape " + shape + ")")
                + ": keep it in an outer scope if it lives on");
    }

    /** The handle, for whoever has acquired it. */
    long held() {
        return handle;
    }

    /** Ends a use; the last one of a closed tensor frees its handle. */
    void release() {
        if ((int) STATE.getAndAdd(this, -USE) == USE) {
            TensorAbi.deleteTensorObject(handle);
        }
    }

    /** What is asked of the handle while it is in use. */
    private interface Use<T> {
        T of(long handle, CallScratch scratch);
    }

    private <T> T use(Use<T> use) {
        long held = acquire();
        try {
            return use.of(held, CallScratch.get());
        } finally {
            release();
        }
    }

    public boolean isOpen() {
        return (state & OPEN) != 0;
    }

    /**
     * Frees the handle, or lets the last operation that still uses it do so; memory goes when no other handle or autograd
     * graph holds it. Closing twice is harmless, also from two threads at once.
     */
    @Override
    public void close() {
        int now;
        do {
            now = state;
            if ((now & OPEN) == 0) {
                return;
            }
        } while (!STATE.compareAndSet(this, now, now - OPEN));
        var owner = scope;
        if (owner != null) {
            owner.forget(this);
        }
        TensorScope.closedOne();
        if (now == OPEN) {
            TensorAbi.deleteTensorObject(handle);
        }
    }

    // ---- Making tensors -------------------------------------------------------------------------------------------

    /** Uninitialised memory, row-major. */
    public static Tensor empty(Shape shape, DType dtype, Device device) {
        return empty(shape, dtype, device, MemoryFormat.CONTIGUOUS);
    }

    /**
     * Uninitialised memory in the given layout.
     *
     * @throws IllegalArgumentException for {@link MemoryFormat#CHANNELS_LAST} of a rank other than 4
     */
    public static Tensor empty(Shape shape, DType dtype, Device device, MemoryFormat format) {
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(format, "format");
        var scope = TensorScope.current();
        LibTorch.requireDevice(device);
        if (shape.rank() > MAX_RANK) {
            throw new IllegalArgumentException("a tensor of rank " + shape.rank() + ": at most " + MAX_RANK + " here");
        }
        try {
            Math.multiplyExact(shape.numel(), (long) dtype.bytes());
        } catch (ArithmeticException overflow) {
            throw new IllegalArgumentException("a " + dtype + " tensor of shape " + shape + " exceeds 2^63 bytes");
        }
        var scratch = CallScratch.get();
        long sizes = scratch.setLongs(2, shape.toArray());
        long strides = scratch.setLongs(2 + MAX_RANK, strides(shape, format));
        if (TensorAbi.emptyStrided(shape.rank(), sizes, strides, dtype.code(), device, scratch) != 0) {
            throw Abi.failed(() -> "allocating " + dtype + " " + shape + " on " + device);
        }
        var tensor = new Tensor(scratch.getLong(0), scope);
        tensor.shape = shape;
        tensor.dtype = dtype;
        tensor.device = device;
        return tensor;
    }

    private static long[] strides(Shape shape, MemoryFormat format) {
        var strides = new long[shape.rank()];
        if (format == MemoryFormat.CHANNELS_LAST) {
            if (shape.rank() != 4) {
                throw new IllegalArgumentException("channels_last needs [B, C, H, W], not " + shape);
            }
            long c = Math.max(1, shape.size(1));
            long w = Math.max(1, shape.size(3));
            long h = Math.max(1, shape.size(2));
            return new long[] {h * w * c, 1, w * c, c};
        }
        long stride = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= Math.max(1, shape.size(i));
        }
        return strides;
    }

    public static Tensor zeros(Shape shape, DType dtype, Device device) {
        return full(shape, 0, dtype, device);
    }

    public static Tensor full(Shape shape, double value, DType dtype, Device device) {
        return empty(shape, dtype, device).fill(value);
    }

    /** A float32 tensor on the CPU with these elements in row-major order. */
    public static Tensor of(float[] values, Shape shape) {
        var tensor = forElements(values.length, shape, DType.FLOAT32);
        return tensor.write(memory -> copy(values, 0, memory, JAVA_FLOAT, 0, values.length));
    }

    /** A float64 tensor on the CPU. */
    public static Tensor of(double[] values, Shape shape) {
        var tensor = forElements(values.length, shape, DType.FLOAT64);
        return tensor.write(memory -> copy(values, 0, memory, JAVA_DOUBLE, 0, values.length));
    }

    /** An int64 tensor on the CPU. */
    public static Tensor of(long[] values, Shape shape) {
        var tensor = forElements(values.length, shape, DType.INT64);
        return tensor.write(memory -> copy(values, 0, memory, JAVA_LONG, 0, values.length));
    }

    /** A tensor on the CPU with the buffer's remaining bytes (little-endian, row-major) as its elements. */
    public static Tensor of(ByteBuffer bytes, DType dtype, Shape shape) {
        long need = shape.numel() * dtype.bytes();
        if (bytes.remaining() != need) {
            throw new IllegalArgumentException(
                    "a " + dtype + " tensor of shape " + shape + " is " + need + " bytes, not " + bytes.remaining());
        }
        var tensor = empty(shape, dtype, Device.CPU);
        return tensor.write(memory -> memory.copyFrom(MemorySegment.ofBuffer(bytes)));
    }

    /** A float32 scalar. */
    public static Tensor scalar(float value) {
        var scope = TensorScope.current();
        return new Tensor(TensorAbi.scalarToTensorFloat32(value, CallScratch.get()), scope);
    }

    private static MemorySegment copy(
            Object array, int from, MemorySegment memory, ValueLayout layout, long offset, int count) {
        MemorySegment.copy(array, from, memory, layout, offset, count);
        return memory;
    }

    private static Tensor forElements(long count, Shape shape, DType dtype) {
        if (count != shape.numel()) {
            throw new IllegalArgumentException(
                    "shape " + shape + " has " + shape.numel() + " elements, but " + count + " were given");
        }
        return empty(shape, dtype, Device.CPU);
    }

    // ---- What it is -----------------------------------------------------------------------------------------------

    public Shape shape() {
        var known = shape;
        if (known == null) {
            known = use((h, scratch) -> Shape.of(TensorAbi.getSizes(h, TensorAbi.getDim(h, scratch), scratch)));
            shape = known;
        }
        return known;
    }

    /** Distance in elements between neighbours along each dimension. */
    public long[] strides() {
        int rank = shape().rank();
        return use((h, scratch) -> TensorAbi.getStrides(h, rank, scratch));
    }

    public DType dtype() {
        var known = dtype;
        if (known == null) {
            known = use((h, scratch) -> DType.ofCode(TensorAbi.getDtype(h, scratch)));
            dtype = known;
        }
        return known;
    }

    public Device device() {
        var known = device;
        if (known == null) {
            known = use((h, scratch) ->
                    Device.of(TensorAbi.getDeviceType(h, scratch), TensorAbi.getDeviceIndex(h, scratch)));
            device = known;
        }
        return known;
    }

    /** Whether the elements lie in row-major order without gaps. */
    public boolean isContiguous() {
        return use(TensorAbi::isContiguous);
    }

    /** Whether it is a tensor at all: operators return none in place of results that were not asked for. */
    boolean isDefined() {
        return use(TensorAbi::isDefined);
    }

    /** Whether its memory is dense, so that sizes and strides describe it. */
    boolean isStrided() {
        return use(TensorAbi::getLayout) == 0;
    }

    /** Whether its memory is laid out by oneDNN, for {@link PackedKernel} alone. */
    boolean isPacked() {
        return packed;
    }

    private void plain(String operator) {
        if (packed) {
            throw new IllegalArgumentException(operator + " of a packed weight, which is for PackedKernel alone");
        }
    }

    /** Marks memory that oneDNN has laid out. Returns this. */
    Tensor packed() {
        packed = true;
        return this;
    }

    // ---- Elements -------------------------------------------------------------------------------------------------

    /** What is done with the elements' memory while the tensor is in use. */
    interface MemoryUse<T> {
        T of(MemorySegment memory);
    }

    /** Uses the elements' memory; only for contiguous tensors on the CPU, and only inside this package. */
    <T> T memory(MemoryUse<T> use) {
        if (device().kind() != Device.Kind.CPU || isPacked() || !isContiguous()) {
            throw new IllegalStateException("no direct memory of " + describe() + ": contiguous CPU tensors only");
        }
        long bytes = shape().numel() * dtype().bytes();
        return use((h, scratch) ->
                use.of(MemorySegment.ofAddress(TensorAbi.getDataPtr(h, scratch)).reinterpret(bytes)));
    }

    private Tensor write(MemoryUse<?> writing) {
        memory(writing);
        return this;
    }

    /** A copy of the elements in row-major order, as float32; any type, device and layout. */
    public float[] toFloats() {
        return elements(DType.FLOAT32, JAVA_FLOAT, new float[checkedLength()]);
    }

    /** A copy of the elements in row-major order, as float64. */
    public double[] toDoubles() {
        return elements(DType.FLOAT64, JAVA_DOUBLE, new double[checkedLength()]);
    }

    /** A copy of the elements in row-major order, as int64. */
    public long[] toLongs() {
        return elements(DType.INT64, JAVA_LONG, new long[checkedLength()]);
    }

    private <A> A elements(DType as, ValueLayout layout, A target) {
        try (var _ = TensorScope.open()) {
            var plain = on(Device.CPU).to(as).contiguous();
            return plain.memory(memory -> {
                MemorySegment.copy(memory, layout, 0, target, 0, checkedLength());
                return target;
            });
        }
    }

    private int checkedLength() {
        long n = shape().numel();
        if (n > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(describe() + " has more elements than a Java array holds");
        }
        return (int) n;
    }

    /** A copy of the elements' bytes, little-endian, row-major; any device and layout. */
    public ByteBuffer toBytes() {
        long bytes = shape().numel() * dtype().bytes();
        if (bytes > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(describe() + " has more bytes than a Java buffer holds");
        }
        var buffer = ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.LITTLE_ENDIAN);
        try (var _ = TensorScope.open()) {
            on(Device.CPU).contiguous().memory(MemorySegment.ofBuffer(buffer)::copyFrom);
        }
        return buffer;
    }

    /** Overwrites elements {@code [at, at + count)} (row-major) of this contiguous float32 CPU tensor. */
    public Tensor set(long at, float[] source, int from, int count) {
        if (dtype() != DType.FLOAT32) {
            throw new IllegalArgumentException("set(float[]) on " + describe());
        }
        Objects.checkFromIndexSize(at, count, shape().numel());
        return write(memory -> copy(source, from, memory, JAVA_FLOAT, 4 * at, count));
    }

    /** Overwrites elements of this contiguous int64 CPU tensor. */
    public Tensor set(long at, long... source) {
        if (dtype() != DType.INT64) {
            throw new IllegalArgumentException("set(long[]) on " + describe());
        }
        Objects.checkFromIndexSize(at, source.length, shape().numel());
        return write(memory -> copy(source, 0, memory, JAVA_LONG, 8 * at, source.length));
    }

    /** Overwrites all bytes of this contiguous CPU tensor with the buffer's remaining ones. */
    public Tensor set(ByteBuffer bytes) {
        return write(memory -> {
            if (memory.byteSize() != bytes.remaining()) {
                throw new IllegalArgumentException(
                        describe() + " is " + memory.byteSize() + " bytes, not " + bytes.remaining());
            }
            return memory.copyFrom(MemorySegment.ofBuffer(bytes));
        });
    }

    /** The value of a tensor of one element, waiting for its device if need be. */
    public double item() {
        if (shape().numel() != 1) {
            throw new IllegalArgumentException("item() of a tensor of shape " + shape() + ": one element only");
        }
        return toDoubles()[0];
    }

    // ---- Layout, type, place --------------------------------------------------------------------------------------

    private static final Op ALIAS = new Op("aten::alias");
    private static final Op DETACH = new Op("aten::detach");
    private static final Op CLONE = new Op("aten::clone");
    private static final Op CONTIGUOUS = new Op("aten::contiguous");
    private static final Op TO_DTYPE = new Op("aten::to", "dtype");
    private static final Op COPY = new Op("aten::copy_");
    private static final Op VIEW = new Op("aten::view");
    private static final Op RESHAPE = new Op("aten::reshape");
    private static final Op PERMUTE = new Op("aten::permute");
    private static final Op TRANSPOSE = new Op("aten::transpose", "int");
    private static final Op NARROW = new Op("aten::narrow");
    private static final Op ZERO = new Op("aten::zero_");

    /** The same memory, outside the autograd graph. */
    public Tensor detach() {
        return DETACH.call().tensor(this).one();
    }

    /** A copy with memory of its own, in the same layout. */
    public Tensor copy() {
        return CLONE.call().tensor(this).none().one();
    }

    /** This tensor in row-major order: itself under a new handle if it is already, else a copy. */
    public Tensor contiguous() {
        return contiguous(MemoryFormat.CONTIGUOUS);
    }

    public Tensor contiguous(MemoryFormat format) {
        if (format == MemoryFormat.CHANNELS_LAST && shape().rank() != 4) {
            throw new IllegalArgumentException("channels_last needs [B, C, H, W], not " + shape());
        }
        return CONTIGUOUS.call().tensor(this).integer(format.code()).one();
    }

    /** Converted to another element type; under a new handle, without a copy, if it has that type already. */
    public Tensor to(DType type) {
        return TO_DTYPE.call()
                .tensor(this)
                .integer(type.code())
                .bool(false)
                .bool(false)
                .none()
                .one();
    }

    /** Copied to another device; under a new handle, without a copy, if it lies there already. */
    public Tensor on(Device target) {
        if (device().equals(target)) {
            return ALIAS.call().tensor(this).one();
        }
        var channelsLast = shape().rank() == 4 && shape().size(1) > 1 && strides()[1] == 1;
        return empty(shape(), dtype(), target, channelsLast ? MemoryFormat.CHANNELS_LAST : MemoryFormat.CONTIGUOUS)
                .copyFrom(this);
    }

    /** Overwrites this tensor with {@code source}, converting type, layout and device; shapes must broadcast to this. */
    public Tensor copyFrom(Tensor source) {
        Broadcast.into("copy_", shape(), source.shape());
        COPY.call().tensor(this).tensor(source).bool(false).inPlace();
        return this;
    }

    public Tensor fill(double value) {
        plain("fill");
        long held = acquire();
        var lock = Abi.gradModeIsEnabled() && requiresGrad() ? GraphLock.change() : GraphLock.read();
        try {
            if (TensorAbi.fill(held, value) != 0) {
                throw Abi.failed(() -> "filling " + describe() + " with " + value);
            }
        } finally {
            GraphLock.leave(lock);
            release();
        }
        OpWatch.ran("aten::fill_");
        return this;
    }

    public Tensor zero() {
        ZERO.call().tensor(this).inPlace();
        return this;
    }

    /** The same memory under another shape of as many elements; one size may be -1. Needs compatible strides. */
    public Tensor view(long... sizes) {
        return VIEW.call().tensor(this).integers(resolve(sizes)).one();
    }

    /** Another shape of as many elements, copying only where a view cannot do; one size may be -1. */
    public Tensor reshape(long... sizes) {
        return RESHAPE.call().tensor(this).integers(resolve(sizes)).one();
    }

    private long[] resolve(long[] sizes) {
        var resolved = sizes.clone();
        long known = 1;
        int open = -1;
        for (int i = 0; i < sizes.length; i++) {
            if (sizes[i] == -1 && open < 0) {
                open = i;
            } else {
                known *= sizes[i];
            }
        }
        long n = shape().numel();
        if (open >= 0 && known > 0 && n % known == 0) {
            resolved[open] = n / known;
        } else if (open >= 0 || known != n) {
            throw new IllegalArgumentException(
                    "shape " + shape() + " cannot be seen as " + java.util.Arrays.toString(sizes));
        }
        return resolved;
    }

    /** Dimensions in another order, as a view; negative ones count from the end. */
    public Tensor permute(long... order) {
        int rank = shape().rank();
        var seen = new boolean[rank];
        boolean valid = order.length == rank;
        for (long d : order) {
            long at = d < 0 ? d + rank : d;
            valid = valid && at >= 0 && at < rank && !seen[(int) at];
            if (valid) {
                seen[(int) at] = true;
            }
        }
        if (!valid) {
            throw new IllegalArgumentException(
                    "permute of " + shape() + " by " + java.util.Arrays.toString(order) + ": name each dimension once");
        }
        return PERMUTE.call().tensor(this).integers(order).one();
    }

    /** Two dimensions exchanged, as a view; negative ones count from the end. */
    public Tensor transpose(int a, int b) {
        shape().size(a);
        shape().size(b);
        return TRANSPOSE.call().tensor(this).integer(a).integer(b).one();
    }

    /** Elements {@code [start, start + length)} along one dimension, as a view. */
    public Tensor narrow(int dimension, long start, long length) {
        Objects.checkFromIndexSize(start, length, shape().size(dimension));
        return NARROW.call()
                .tensor(this)
                .integer(dimension)
                .integer(start)
                .integer(length)
                .one();
    }

    /**
     * A view by sizes and strides, as several calls of {@link #view}, {@link #narrow} and {@link #permute} would make it:
     * for code without a gradient that is called so often that their time counts. A gradient that was recorded before does
     * not notice what is written through it.
     *
     * @param offset of its first element in this tensor, in row-major order
     * @param sizes of the view, at least 1
     * @param strides how many elements lie from one to the next along each dimension, at least 0, which repeats
     * @throws IllegalArgumentException if the view does not lie within this tensor
     * @throws IllegalStateException if this tensor is not contiguous, or if gradients are recorded and it requires one
     */
    public Tensor strided(long offset, long[] sizes, long[] strides) {
        plain("strided");
        checkWithin(offset, sizes, strides);
        if (!isContiguous() || GradMode.isOn() && requiresGrad()) {
            throw new IllegalStateException(
                    "strided of " + describe() + ": contiguous tensors without a gradient only");
        }
        var scope = TensorScope.current();
        var viewed = Shape.of(sizes);
        int rank = viewed.rank();
        var view = new Tensor(
                use((held, scratch) -> {
                    long sizesAt = scratch.setLongs(1, sizes);
                    return TensorAbi.reinterpret(
                            held, rank, sizesAt, scratch.setLongs(1 + rank, strides), offset, scratch);
                }),
                scope);
        view.shape = viewed;
        return view;
    }

    private void checkWithin(long offset, long[] sizes, long[] strides) {
        boolean fits = sizes.length == strides.length && sizes.length <= MAX_RANK && offset >= 0;
        long elements = shape().numel();
        long last = offset; // below elements, so that no product or sum of the next line overflows
        for (int i = 0; fits && i < sizes.length; i++) {
            fits = last < elements
                    && sizes[i] >= 1
                    && strides[i] >= 0
                    && (sizes[i] == 1 || strides[i] <= (elements - 1 - last) / (sizes[i] - 1));
            last += fits ? (sizes[i] - 1) * strides[i] : 0;
        }
        if (!fits || last >= elements) {
            throw new IllegalArgumentException("strided: a view of sizes " + Arrays.toString(sizes) + " and strides "
                    + Arrays.toString(strides) + " from element " + offset + " of " + shape()
                    + ": it must lie within the tensor, sizes be at least 1 and strides at least 0");
        }
    }

    // ---- Arithmetic, element by element, broadcasting as PyTorch does ----------------------------------------------

    private static final Op MUL = new Op("aten::mul", "Tensor");
    private static final Op DIV = new Op("aten::div", "Tensor");
    private static final Op NEG = new Op("aten::neg");

    public Tensor add(Tensor other) {
        return subtractScaled(other, -1); // x - (-1) y is x + y exactly; the C ABI has no number cell for add's alpha
    }

    /** {@code this + factor · other}, in one pass; the factor is rounded to the tensors' type first. */
    public Tensor add(Tensor other, double factor) {
        return subtractScaled(other, -factor);
    }

    public Tensor sub(Tensor other) {
        return subtractScaled(other, 1);
    }

    private Tensor subtractScaled(Tensor other, double alpha) {
        var operator = alpha < 0 ? "add" : "sub";
        plain(operator);
        other.plain(operator);
        Broadcast.check(operator, shape(), other.shape());
        var scope = TensorScope.current();
        var scratch = CallScratch.get();
        long held = acquire();
        try {
            long heldOther = other.acquire();
            var lock = GraphLock.read();
            try {
                if (TensorAbi.subtract(held, heldOther, alpha, scratch) != 0) {
                    throw Abi.failed(() -> (alpha < 0 ? "add(" : "sub(") + describe() + ", " + other.describe() + ")");
                }
            } finally {
                GraphLock.leave(lock);
                other.release();
            }
        } finally {
            release();
        }
        var result = new Tensor(scratch.getLong(0), scope);
        OpWatch.ran("aten::subtract");
        return result;
    }

    public Tensor mul(Tensor other) {
        Broadcast.check("mul", shape(), other.shape());
        return MUL.call().tensor(this).tensor(other).one();
    }

    /** Times a number, which is rounded to float32 first (float64 tensors: not at all). */
    public Tensor mul(double factor) {
        var number = number(factor); // before call(): a thread has one call in the making
        return typedLikeThis(MUL.call().tensor(this).tensor(number).one());
    }

    /** Plus a number, which is rounded to float32 first (float64 tensors: not at all). */
    public Tensor add(double term) {
        return typedLikeThis(subtractScaled(number(term), -1));
    }

    /** Minus a number, which is rounded to float32 first (float64 tensors: not at all). */
    public Tensor sub(double term) {
        return add(-term);
    }

    /** A number minus this; it is rounded to float32 first (float64 tensors: not at all). */
    public Tensor rsub(double number) {
        return typedLikeThis(number(number).subtractScaled(this, 1));
    }

    /** By a number, which is rounded to float32 first (float64 tensors: not at all). */
    public Tensor div(double divisor) {
        var number = number(divisor); // before call(): a thread has one call in the making
        return typedLikeThis(DIV.call().tensor(this).tensor(number).one());
    }

    /** Beside a number, a half-precision tensor of rank 0 has no precedence: what came out as float32 is rounded here. */
    private Tensor typedLikeThis(Tensor result) {
        return shape().rank() > 0 || result.dtype() == dtype() ? result : result.to(dtype());
    }

    public Tensor div(Tensor other) {
        Broadcast.check("div", shape(), other.shape());
        return DIV.call().tensor(this).tensor(other).one();
    }

    public Tensor neg() {
        return NEG.call().tensor(this).one();
    }

    /** A rank-0 tensor takes part in arithmetic without changing the other side's type. */
    private Tensor number(double value) {
        if (dtype() == DType.FLOAT64) {
            return of(new double[] {value}, Shape.of());
        }
        if (!dtype().isFloating()) {
            throw new IllegalArgumentException(
                    "arithmetic with a number on " + describe() + ": convert it to float first");
        }
        // Of rank 0 it may lie on the CPU beside a tensor on any device: a copy would have to wait for that device.
        return scalar((float) value);
    }

    // ---- Autograd -------------------------------------------------------------------------------------------------

    private static final Op BACKWARD = new Op("aten::_backward");

    /** Held while libtorch makes room for a tensor's gradient, which it does at first need and without a lock. */
    private static final Object ROOM = new Object();

    /** Whether operations on this tensor are recorded for backward passes where {@link GradMode} is on. */
    public boolean requiresGrad() {
        return use((h, _) -> CppSymbols.requiresGrad(impl(h)));
    }

    /** Sets whether backward passes leave a gradient here; for tensors that no operation made. Returns this. */
    public Tensor requiresGrad(boolean required) {
        if (required && (!dtype().isFloating() || isPacked())) {
            throw new IllegalArgumentException("gradients need plain memory of a floating type, not " + describe());
        }
        synchronized (ROOM) {
            return use((h, _) -> {
                if (TensorAbi.setRequiresGrad(h, required) != 0) {
                    throw Abi.failed(() -> "requires_grad of " + describe());
                }
                return this;
            });
        }
    }

    /**
     * Accumulates d(this)/d(leaf) into the gradient of every leaf that requires one. For tensors of one element.
     *
     * @throws IllegalStateException if there is no such leaf
     */
    public void backward() {
        if (shape().numel() != 1) {
            throw new IllegalArgumentException("backward() from shape " + shape() + ": one element only");
        }
        if (!requiresGrad()) {
            throw new IllegalStateException(
                    "backward() from a tensor that depends on none that requires a gradient: call"
                            + " trainable() on the Params, or requiresGrad(true) on the tensor, before the forward pass, which"
                            + " must not run under GradMode.off()");
        }
        var lock = GraphLock.readAlways();
        try {
            BACKWARD.call().tensor(this).tensors().none().none().bool(false).nothing();
        } finally {
            GraphLock.leave(lock);
        }
    }

    /** Returns the accumulated gradient (the same memory each time), or null where there is none yet. */
    public Tensor grad() {
        var scope = TensorScope.current();
        var lock = GraphLock.readAlways();
        try {
            return use((h, scratch) -> {
                long slot = gradSlot(h);
                if (!TensorAbi.isDefined(slot, scratch)) {
                    return null;
                }
                try (var gradient = new Tensor(TensorAbi.newTensorHandle(slot, scratch), scope)) {
                    return gradient.detach();
                }
            });
        } finally {
            GraphLock.leave(lock);
        }
    }

    /**
     * Makes backward passes accumulate in {@code gradient}'s memory, e.g. a view of one flat buffer.
     *
     * <p>libtorch gets a tensor of its own on that memory, which can have no gradient in turn. So gradients form no chain,
     * whose end would be a recursion as deep as the chain is long, and no circle, which would never end.
     */
    public void gradInto(Tensor gradient) {
        if (!gradient.shape().equals(shape())
                || gradient.dtype() != dtype()
                || !gradient.device().equals(device())
                || gradient.isPacked()
                || isPacked()) {
            throw new IllegalArgumentException("the gradient of " + describe() + " cannot be " + gradient.describe());
        }
        if (gradient.<Long>use((h, _) -> impl(h)).equals(this.<Long>use((h, _) -> impl(h)))) {
            throw new IllegalArgumentException("the gradient of " + describe() + " cannot be that tensor itself");
        }
        var lock = GraphLock.change();
        try (var memory = gradient.detach()) {
            use((h, _) -> {
                long source = memory.acquire();
                try {
                    TensorAbi.assign(source, gradSlot(h));
                } finally {
                    memory.release();
                }
                return this;
            });
        } finally {
            GraphLock.leave(lock);
        }
    }

    /** The address of the TensorImpl's own gradient, an {@code at::Tensor} and so a handle that libtorch owns. */
    private static long gradSlot(long handle) {
        synchronized (ROOM) {
            return CppSymbols.mutableGrad(impl(handle));
        }
    }

    /** The address of the TensorImpl: an {@code at::Tensor} is a pointer to one. */
    private static long impl(long handle) {
        return MemorySegment.ofAddress(handle).reinterpret(8).get(JAVA_LONG, 0);
    }

    // ---- Text -----------------------------------------------------------------------------------------------------

    /** Type, shape and device, such as {@code float32 [16, 3, 32, 32] cpu}: for messages, at no cost. */
    public String describe() {
        return !isOpen() ? "a closed tensor" : dtype() + " " + shape() + " " + device();
    }

    /**
     * What {@link #describe} says, and the elements as PyTorch prints them, copied from the device:
     *
     * <pre>{@code
     * float32 [2, 3] cpu
     * [[1.0000, 2.5000, 3.0000],
     *  [4.0000, 5.0000, 6.0000]]
     * }</pre>
     */
    @Override
    public String toString() {
        if (!isOpen() || isPacked() || !isStrided()) {
            return describe();
        }
        var elements = TensorText.of(this);
        return elements.isEmpty() ? describe() : describe() + (elements.indexOf('\n') < 0 ? " " : "\n") + elements;
    }
}
