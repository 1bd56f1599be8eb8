package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Everything wrong that a program can ask of tensors is an exception with a message, and leaves no handle behind. */
class HostileUseTest {
    record Misuse(String name, Executable call) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static final List<Misuse> MISUSES = new ArrayList<>();

    private static void misuse(String name, Executable call) {
        MISUSES.add(new Misuse(name, call));
    }

    private static Tensor zeros(long... shape) {
        return zeros(DType.FLOAT32, shape);
    }

    private static Tensor zeros(DType dtype, long... shape) {
        return Tensor.zeros(Shape.of(shape), dtype, Device.CPU);
    }

    private static Tensor closed(long... shape) {
        var tensor = zeros(shape);
        tensor.shape();
        tensor.dtype();
        tensor.device();
        tensor.close();
        return tensor;
    }

    private static long[] ones(int rank) {
        var sizes = new long[rank];
        Arrays.fill(sizes, 1);
        return sizes;
    }

    static Stream<Misuse> misuses() {
        MISUSES.clear();
        making();
        elements();
        views();
        arithmetic();
        operators();
        types();
        autograd();
        return MISUSES.stream();
    }

    private static void making() {
        misuse("negative size", () -> zeros(2, -1));
        misuse("element count beyond 63 bits", () -> zeros(1L << 40, 1L << 40));
        misuse("bytes beyond 63 bits", () -> zeros(DType.FLOAT64, 1L << 61));
        misuse("strides beyond 63 bits", () -> zeros(0, 1L << 40, 1L << 40));
        misuse("more memory than there is", () -> zeros(1L << 50));
        misuse("rank 25", () -> zeros(ones(25)));
        misuse("null shape", () -> Tensor.zeros(null, DType.FLOAT32, Device.CPU));
        misuse("null type", () -> Tensor.zeros(Shape.of(1), null, Device.CPU));
        misuse("null device", () -> Tensor.zeros(Shape.of(1), DType.FLOAT32, null));
        misuse("null format", () -> Tensor.empty(Shape.of(1, 1, 1, 1), DType.FLOAT32, Device.CPU, null));
        misuse("device of null kind", () -> Tensor.zeros(Shape.of(1), DType.FLOAT32, new Device(null, 0)));
        misuse("a GPU that is not there", () -> Tensor.zeros(Shape.of(1), DType.FLOAT32, Device.cuda(99)));
        misuse("a GPU number beyond a byte", () -> Tensor.zeros(Shape.of(1), DType.FLOAT32, Device.cuda(1 << 20)));
        misuse("to a GPU that is not there", () -> zeros(1).on(Device.cuda(99)));
        misuse(
                "channels_last of rank 3",
                () -> Tensor.empty(Shape.of(1, 2, 3), DType.FLOAT32, Device.CPU, MemoryFormat.CHANNELS_LAST));
        misuse("too few elements", () -> Tensor.of(new float[3], Shape.of(4)));
        misuse("null elements", () -> Tensor.of((float[]) null, Shape.of(4)));
        misuse("too few bytes", () -> Tensor.of(ByteBuffer.allocate(3), DType.FLOAT32, Shape.of(1)));
        misuse("no bytes for 2^62 floats", () -> Tensor.of(ByteBuffer.allocate(0), DType.FLOAT32, Shape.of(1L << 62)));
        misuse("1e30 in int64", () -> Tensor.full(Shape.of(1), 1e30, DType.INT64, Device.CPU));
        misuse("NaN in int32", () -> Tensor.full(Shape.of(1), Double.NaN, DType.INT32, Device.CPU));
    }

    private static void elements() {
        misuse("item of two", () -> zeros(2).item());
        misuse("item of none", () -> zeros(0).item());
        misuse("item of a closed one", () -> closed(1).item());
        misuse("elements of a closed one", () -> closed(2).toFloats());
        misuse("bytes of a closed one", () -> closed(2).toBytes());
        misuse("set past the end", () -> zeros(4).set(3, new float[2], 0, 2));
        misuse("set before the start", () -> zeros(4).set(-1, new float[2], 0, 2));
        misuse("set from past the source", () -> zeros(4).set(0, new float[2], 1, 2));
        misuse("set a negative count", () -> zeros(4).set(0, new float[2], 0, -1));
        misuse("set floats in int64", () -> zeros(DType.INT64, 4).set(0, new float[2], 0, 2));
        misuse("set longs in float32", () -> zeros(4).set(0, 1L));
        misuse("set longs past the end", () -> zeros(DType.INT64, 4).set(1L << 61, 1L));
        misuse("set a transposed view", () -> zeros(2, 3).transpose(0, 1).set(0, new float[6], 0, 6));
        misuse("set too many bytes", () -> zeros(1).set(ByteBuffer.allocate(8)));
        misuse("set a closed one", () -> closed(4).set(0, new float[4], 0, 4));
        misuse("fill a closed one", () -> closed(4).fill(1));
    }

    private static void views() {
        misuse("view of another count", () -> zeros(6).view(4));
        misuse("view with two -1", () -> zeros(6).view(-1, -1));
        misuse("view by -2 and -3", () -> zeros(6).view(-2, -3));
        misuse("view whose product wraps to 0", () -> zeros(0).view(1L << 32, 1L << 32));
        misuse("-1 beside 0", () -> zeros(0, 3).view(-1, 0));
        misuse("view of a transposed one", () -> zeros(2, 3).transpose(0, 1).view(6));
        misuse("view null", () -> zeros(6).view((long[]) null));
        misuse("permute twice the same", () -> zeros(2, 3).permute(0, 0));
        misuse("permute too few", () -> zeros(2, 3).permute(0));
        misuse("permute out of range", () -> zeros(2, 3).permute(0, 2));
        misuse("transpose out of range", () -> zeros(2, 3).transpose(0, 2));
        misuse("narrow past the end", () -> zeros(5).narrow(0, 3, 3));
        misuse("narrow a negative length", () -> zeros(5).narrow(0, 3, -1));
        misuse("narrow wrapping around", () -> zeros(5).narrow(0, 3, Long.MAX_VALUE));
        misuse("strided past the end", () -> zeros(5).strided(1, new long[] {5}, new long[] {1}));
        misuse("strided from past the end", () -> zeros(5).strided(5, new long[] {1}, new long[] {1}));
        misuse("strided from before the start", () -> zeros(5).strided(-1, new long[] {1}, new long[] {1}));
        misuse("strided backwards", () -> zeros(5).strided(4, new long[] {5}, new long[] {-1}));
        misuse("strided of nothing", () -> zeros(5).strided(0, new long[] {0}, new long[] {1}));
        misuse("strided of an empty tensor", () -> zeros(0).strided(0, new long[] {1}, new long[] {1}));
        misuse(
                "strided by wrapping around",
                () -> zeros(5).strided(0, new long[] {3, 3}, new long[] {Long.MAX_VALUE / 2 + 1, 1}));
        misuse(
                "strided by sums that wrap around",
                () -> zeros(5).strided(0, new long[] {2, 2, 2}, new long[] {Long.MAX_VALUE, Long.MAX_VALUE, 2}));
        misuse(
                "strided to more elements than 2^63",
                () -> zeros(5).strided(0, new long[] {1L << 40, 1L << 40}, new long[] {0, 0}));
        misuse("strided by too few strides", () -> zeros(5).strided(0, new long[] {1, 1}, new long[] {1}));
        misuse("strided in too many dimensions", () -> zeros(5).strided(0, ones(25), new long[25]));
        misuse("strided of columns", () -> zeros(5, 2).transpose(0, 1).strided(0, new long[] {2}, new long[] {1}));
        misuse(
                "strided where a gradient is recorded",
                () -> zeros(5).requiresGrad(true).strided(0, new long[] {2}, new long[] {1}));
        misuse("strided of a closed one", () -> closed(5).strided(0, new long[] {2}, new long[] {1}));
        misuse("narrow a scalar", () -> Tensor.scalar(1).narrow(0, 0, 1));
        misuse("view of a closed one", () -> closed(6).view(6));
        misuse("sum at rank 200", () -> {
            var x = zeros(1).view(ones(200));
            Ops.sum(x, 0);
        });
    }

    private static void arithmetic() {
        misuse("add that does not broadcast", () -> zeros(2, 3).add(zeros(4)));
        misuse("mul that does not broadcast", () -> zeros(2, 3).mul(zeros(2)));
        misuse("add null", () -> zeros(2).add((Tensor) null));
        misuse("mul null", () -> zeros(2).mul((Tensor) null));
        misuse("add a closed one", () -> zeros(2).add(closed(2)));
        misuse("a number times int64", () -> zeros(DType.INT64, 2).mul(2.5));
        misuse("sub of bools", () -> zeros(DType.BOOL, 2).sub(zeros(DType.BOOL, 2)));
        misuse("neg of bools", () -> zeros(DType.BOOL, 2).neg());
        misuse("copy that does not broadcast", () -> zeros(2).copyFrom(zeros(3)));
        misuse("copy of null", () -> zeros(2).copyFrom(null));
        misuse("float factor into int64", () -> Ops.mulInPlace(zeros(DType.INT64, 2), Tensor.scalar(0.5f)));
        misuse("swish in place of int64", () -> Ops.siluInPlace(zeros(DType.INT64, 2)));
        misuse("lerp in place of int64", () -> Ops.lerpInPlace(zeros(DType.INT64, 2), zeros(DType.INT64, 2), 0.5));
        misuse("lerp into too few", () -> Ops.lerpInto(zeros(2), zeros(3), zeros(1), zeros(1)));
        misuse("lerp into too many", () -> Ops.lerpInto(zeros(2), zeros(1), zeros(1), zeros()));
        misuse("lerp into fewer dimensions", () -> Ops.lerpInto(zeros(2), zeros(1, 2), zeros(2), zeros(2)));
        misuse("lerp into another type", () -> Ops.lerpInto(zeros(DType.FLOAT64, 2), zeros(2), zeros(2), zeros(2)));
        misuse(
                "lerp into one element twice",
                () -> Ops.lerpInto(zeros(2).strided(0, new long[] {2}, new long[] {0}), zeros(2), zeros(2), zeros(2)));
        misuse("lerp into what it reads", () -> {
            var x = zeros(3);
            Ops.lerpInto(x.narrow(0, 1, 2), x.narrow(0, 0, 2), zeros(2), zeros(2));
        });
        misuse(
                "lerp into what a gradient needs",
                () -> Ops.lerpInto(zeros(2), zeros(2).requiresGrad(true), zeros(2), zeros(2)));
        misuse("lerp into null", () -> Ops.lerpInto(null, zeros(2), zeros(2), zeros(2)));
        misuse("lerp of two types", () -> Ops.lerpInPlace(zeros(2), zeros(DType.FLOAT64, 2), 0.5));
    }

    private static void operators() {
        var image = new long[] {1, 4, 8, 8};
        misuse("conv2d channels", () -> Ops.conv2d(zeros(image), zeros(8, 3, 3, 3), null, 1, 1));
        misuse("conv2d stride 0", () -> Ops.conv2d(zeros(image), zeros(8, 4, 3, 3), null, 0, 1));
        misuse("conv2d padding -1", () -> Ops.conv2d(zeros(image), zeros(8, 4, 3, 3), null, 1, -1));
        misuse("conv2d kernel beyond the image", () -> Ops.conv2d(zeros(image), zeros(8, 4, 9, 9), null, 1, 0));
        misuse("conv2d kernel 0", () -> Ops.conv2d(zeros(image), zeros(8, 4, 0, 0), null, 1, 0));
        misuse("conv2d padding beyond memory", () -> Ops.conv2d(zeros(image), zeros(8, 4, 3, 3), null, 1, 1 << 29));
        misuse("conv2d bias of another size", () -> Ops.conv2d(zeros(image), zeros(8, 4, 3, 3), zeros(7), 1, 1));
        misuse(
                "conv2d bias of another type",
                () -> Ops.conv2d(zeros(image), zeros(8, 4, 3, 3), zeros(DType.FLOAT64, 8), 1, 1));
        misuse("conv2d null", () -> Ops.conv2d(null, zeros(8, 4, 3, 3), null, 1, 1));
        misuse(
                "conv2d of int64",
                () -> Ops.conv2d(zeros(DType.INT64, image), zeros(DType.INT64, 8, 4, 3, 3), null, 1, 1)
                        .add(zeros(DType.INT64, 7)));
        misuse("convTranspose2d channels", () -> Ops.convTranspose2d(zeros(image), zeros(5, 4, 4, 4), null, 2, 1));
        misuse("convTranspose2d rank", () -> Ops.convTranspose2d(zeros(4, 8, 8), zeros(4, 4, 4, 4), null, 2, 1));
        misuse("convTranspose2d bias", () -> Ops.convTranspose2d(zeros(image), zeros(4, 4, 4, 4), zeros(3), 2, 1));
        misuse("convTranspose2d stride 0", () -> Ops.convTranspose2d(zeros(image), zeros(4, 4, 4, 4), null, 0, 1));
        misuse("convTranspose2d cut away", () -> Ops.convTranspose2d(zeros(image), zeros(4, 4, 4, 4), null, 1, 9));
        misuse("linear sizes", () -> Ops.linear(zeros(2, 3), zeros(4, 5), null));
        misuse("linear bias of another type", () -> Ops.linear(zeros(2, 3), zeros(4, 3), zeros(DType.INT64, 4)));
        misuse("groupNorm groups 3 of 4", () -> Ops.groupNorm(zeros(image), 3, zeros(4), zeros(4), 1e-5));
        misuse("groupNorm groups 0", () -> Ops.groupNorm(zeros(image), 0, zeros(4), zeros(4), 1e-5));
        misuse("groupNorm null weight", () -> Ops.groupNorm(zeros(image), 2, null, null, 1e-5));
        misuse(
                "groupNorm no channels",
                () -> Ops.groupNorm(zeros(2, 0, 3), 1, zeros(0), zeros(0), 1e-5).view(1));
        misuse("avgPool2d 0", () -> Ops.avgPool2d(zeros(image), 0));
        misuse("avgPool2d beyond the image", () -> Ops.avgPool2d(zeros(image), 9));
        misuse("maxPool2d of rank 3", () -> Ops.maxPool2d(zeros(1, 2, 3), 2));
        misuse("upsample 0", () -> Ops.upsampleNearest2d(zeros(image), 0));
        misuse("upsample beyond memory", () -> Ops.upsampleNearest2d(zeros(image), Integer.MAX_VALUE));
        misuse("upsample no pixels", () -> Ops.upsampleNearest2d(zeros(1, 4, 0, 8), 2));
        misuse("squares of 0 pixels", () -> Ops.pixelUnshuffle(zeros(image), 0));
        misuse("squares that do not divide", () -> Ops.pixelUnshuffle(zeros(image), 3));
        misuse("squares of negative pixels", () -> Ops.pixelShuffle(zeros(image), -2));
        misuse("squares of too many channels", () -> Ops.pixelShuffle(zeros(image), 3));
        misuse("squares beyond an int", () -> Ops.pixelShuffle(zeros(image), 1 << 16));
        misuse("squares of rank 3", () -> Ops.pixelUnshuffle(zeros(1, 2, 2), 2));
        misuse("squares of no pixels", () -> Ops.pixelShuffle(zeros(1, 4, 0, 8), 2));
        misuse("pad by -1", () -> Ops.padZeros(zeros(image), -1, 0, 0, 0));
        misuse("cat of none", () -> Ops.cat(0));
        misuse("cat of null", () -> Ops.cat(0, zeros(2), null));
        misuse("cat of scalars", () -> Ops.cat(0, Tensor.scalar(1), Tensor.scalar(2)));
        misuse("cat sizes", () -> Ops.cat(0, zeros(2, 3), zeros(2, 4)));
        misuse("cat out of range", () -> Ops.cat(2, zeros(2, 3), zeros(2, 3)));
        misuse("softmax out of range", () -> Ops.softmax(zeros(2), 1));
        misuse("softmax of a scalar's dimension", () -> Ops.softmax(Tensor.scalar(1), 0));
        misuse("attention shapes", () -> Ops.attention(zeros(1, 1, 4, 8), zeros(1, 1, 4, 7), zeros(1, 1, 4, 7)));
        misuse("attention of rank 3", () -> Ops.attention(zeros(1, 4, 8), zeros(1, 4, 8), zeros(1, 4, 8)));
        misuse(
                "attention of two types",
                () -> Ops.attention(zeros(1, 1, 4, 8), zeros(DType.FLOAT64, 1, 1, 4, 8), zeros(1, 1, 4, 8)));
        misuse("matmul sizes", () -> Ops.matmul(zeros(2, 3), zeros(4, 5)));
        misuse("matmul of vectors", () -> Ops.matmul(zeros(2), zeros(2)));
        misuse("matmul batches", () -> Ops.matmul(zeros(2, 3, 4), zeros(5, 4, 3)));
        misuse("matmul of two types", () -> Ops.matmul(zeros(2, 3), zeros(DType.FLOAT64, 3, 2)));
        misuse("sum out of range", () -> Ops.sum(zeros(2, 3), 2));
        misuse("sum twice along one", () -> Ops.sum(zeros(2, 3), 0, 0));
        misuse("mean of int64", () -> Ops.mean(zeros(DType.INT64, 2)));
        misuse("mseLoss shapes", () -> Ops.mseLoss(zeros(2), zeros(3)));
        misuse("nllLoss label beyond", () -> Ops.nllLoss(zeros(2, 3), Tensor.of(new long[] {0, 3}, Shape.of(2))));
        misuse(
                "nllLoss label far beyond",
                () -> Ops.nllLoss(zeros(2, 3), Tensor.of(new long[] {0, Long.MAX_VALUE}, Shape.of(2))));
        misuse("nllLoss label negative", () -> Ops.nllLoss(zeros(2, 3), Tensor.of(new long[] {0, -1}, Shape.of(2))));
        misuse("nllLoss float labels", () -> Ops.nllLoss(zeros(2, 3), zeros(2)));
        misuse("dot sizes", () -> Ops.dot(zeros(2), zeros(3)));
        misuse("dot of two types", () -> Ops.dot(zeros(2), zeros(DType.FLOAT64, 2)));
        misuse("clamp to nothing", () -> Ops.clamp(zeros(2), 1, 0));
        misuse("clamp to NaN", () -> Ops.clamp(zeros(2), Double.NaN, 0));
        misuse(
                "clamp int64 to infinity",
                () -> Ops.clamp(zeros(DType.INT64, 2), Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY));
        misuse("indexSelect beyond", () -> Ops.indexSelect(zeros(5, 2), 0, Tensor.of(new long[] {5}, Shape.of(1))));
        misuse(
                "indexSelect far beyond",
                () -> Ops.indexSelect(zeros(5, 2), 0, Tensor.of(new long[] {Long.MAX_VALUE}, Shape.of(1))));
        misuse("indexSelect negative", () -> Ops.indexSelect(zeros(5), 0, Tensor.of(new long[] {-1}, Shape.of(1))));
        misuse("indexSelect of none", () -> Ops.indexSelect(zeros(0, 2), 0, Tensor.of(new long[] {0}, Shape.of(1))));
        misuse("indexSelect by floats", () -> Ops.indexSelect(zeros(5), 0, zeros(1)));
        misuse("argmax of none", () -> Ops.argmax(zeros(0, 3), 0));
        misuse("adamStep with gaps", () -> {
            var x = zeros(4, 2).narrow(1, 0, 1);
            Ops.adamStep(x, x, x, x, 1, 1e-3, 0.9, 0.999, 0, 1e-8, Ops.Decay.L2);
        });
        misuse("adamStep of int64", () -> {
            var x = zeros(DType.INT64, 4);
            Ops.adamStep(x, x, x, x, 1, 1e-3, 0.9, 0.999, 0, 1e-8, Ops.Decay.L2);
        });
        misuse("adamStep 0", () -> {
            var x = zeros(4);
            Ops.adamStep(x, x, x, x, 0, 1e-3, 0.9, 0.999, 0, 1e-8, Ops.Decay.DECOUPLED);
        });
    }

    private static void types() {
        for (var dtype : List.of(DType.INT64, DType.BOOL, DType.UINT8)) {
            misuse(
                    "groupNorm of " + dtype,
                    () -> Ops.groupNorm(zeros(dtype, 1, 4, 2, 2), 2, zeros(dtype, 4), zeros(dtype, 4), 1e-5));
            misuse("softmax of " + dtype, () -> Ops.softmax(zeros(dtype, 4), 0));
            misuse("silu of " + dtype, () -> Ops.silu(zeros(dtype, 4)));
            misuse("attention of " + dtype, () -> {
                var x = zeros(dtype, 1, 1, 4, 8);
                Ops.attention(x, x, x);
            });
            misuse("gradient of " + dtype, () -> zeros(dtype, 1).requiresGrad(true));
        }
        misuse(
                "groupNorm of two types",
                () -> Ops.groupNorm(zeros(1, 4, 2, 2), 2, zeros(DType.INT64, 4), zeros(DType.FLOAT64, 4), 1e-5));
        misuse(
                "conv2d of two types",
                () -> Ops.conv2d(zeros(1, 1, 4, 4), zeros(DType.BFLOAT16, 1, 1, 3, 3), null, 1, 1));
        misuse("maxPool2d of bools", () -> Ops.maxPool2d(zeros(DType.BOOL, 1, 1, 4, 4), 2));
        misuse("relu of bools", () -> Ops.relu(zeros(DType.BOOL, 2)));
        misuse("to null", () -> zeros(2).to(null));
        misuse("on null", () -> zeros(2).on(null));
    }

    private static void autograd() {
        misuse("backward without a graph", () -> zeros(1).backward());
        misuse("backward of two", () -> zeros(2).requiresGrad(true).backward());
        misuse("backward twice", () -> {
            var x = zeros(2).requiresGrad(true);
            var loss = Ops.sum(x.mul(x));
            loss.backward();
            loss.backward();
        });
        misuse("backward through a change in place", () -> {
            var x = Tensor.full(Shape.of(2), 1, DType.FLOAT32, Device.CPU).requiresGrad(true);
            var y = Ops.exp(x);
            var loss = Ops.sum(y);
            y.fill(0);
            loss.backward();
        });
        misuse("fill of a leaf", () -> zeros(2).requiresGrad(true).fill(1));
        misuse("gradient of a closed one", () -> closed(2).grad());
        misuse("requiresGrad of a closed one", () -> closed(2).requiresGrad(true));
        misuse("gradInto another shape", () -> zeros(2).requiresGrad(true).gradInto(zeros(3)));
        misuse("gradInto another type", () -> zeros(2).requiresGrad(true).gradInto(zeros(DType.FLOAT64, 2)));
        misuse("gradInto itself", () -> {
            var x = zeros(2).requiresGrad(true);
            x.gradInto(x);
        });
        misuse("gradInto null", () -> zeros(2).requiresGrad(true).gradInto(null));
        misuse("gradInto a closed one", () -> zeros(2).requiresGrad(true).gradInto(closed(2)));
    }

    @ParameterizedTest
    @MethodSource("misuses")
    void isAnException(Misuse misuse) {
        long before = TensorScope.liveTensors();
        try (var _ = TensorScope.open()) {
            var e = assertThrows(RuntimeException.class, misuse.call());
            assertTrue(e.getMessage() != null && !e.getMessage().isBlank(), () -> "no message: " + e);
            assertEquals(2, Tensor.scalar(1).add(1).item(), "the next call works");
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    /** PyTorch makes as many empty views as are asked for, which takes all memory where that is two thousand million. */
    @Test
    void anEmptyDimensionIsOneChunkHoweverManyAreAskedFor() {
        try (var _ = TensorScope.open()) {
            assertEquals(1, Shaping.chunk(zeros(1, 0), Integer.MAX_VALUE, 1).size());
            assertEquals(3, Shaping.chunk(zeros(3, 2), Integer.MAX_VALUE, 0).size());
        }
    }

    /** Empty tensors are no misuse. */
    @Test
    void emptyTensorsPassThroughEverything() {
        try (var _ = TensorScope.open()) {
            assertEquals(0, zeros(0, 3).toFloats().length);
            assertEquals(0, zeros(0, 3).toBytes().remaining());
            assertEquals(0, Ops.sum(zeros(0)).item());
            assertTrue(Double.isNaN(Ops.mean(zeros(0)).item()));
            assertEquals(
                    Shape.of(0, 8, 4, 4),
                    Ops.conv2d(zeros(0, 4, 4, 4), zeros(8, 4, 3, 3), null, 1, 1).shape());
            assertEquals(
                    Shape.of(0, 4, 4, 4),
                    Ops.groupNorm(zeros(0, 4, 4, 4), 2, zeros(4), zeros(4), 1e-5)
                            .shape());
            assertEquals(
                    Shape.of(0, 2),
                    Ops.linear(zeros(0, 3), zeros(2, 3), zeros(2)).shape());
            assertEquals(
                    Shape.of(2, 5),
                    Ops.linear(zeros(2, 0), zeros(5, 0), zeros(5)).shape());
            assertEquals(Shape.of(2, 4), Ops.matmul(zeros(2, 0), zeros(0, 4)).shape());
            assertEquals(
                    Shape.of(1, 1, 0, 8),
                    Ops.attention(zeros(1, 1, 0, 8), zeros(1, 1, 0, 8), zeros(1, 1, 0, 8))
                            .shape());
            assertEquals(
                    Shape.of(1, 1, 4, 0),
                    Ops.attention(zeros(1, 1, 4, 0), zeros(1, 1, 4, 0), zeros(1, 1, 4, 0))
                            .shape());
            assertEquals(Shape.of(0), Ops.softmax(zeros(0), 0).shape());
            assertEquals(
                    Shape.of(0, 2),
                    Ops.indexSelect(zeros(5, 2), 0, Tensor.of(new long[0], Shape.of(0)))
                            .shape());
            zeros(0).set(0, new float[0], 0, 0);
            var x = zeros(0).requiresGrad(true);
            Ops.sum(x).backward();
            assertEquals(Shape.of(0), x.grad().shape());
        }
    }

    @Test
    void aGraphOfTwentyThousandStepsIsWalkedAndFreed() {
        long before = TensorScope.liveTensors();
        try (var scope = TensorScope.open()) {
            var x = zeros(1).requiresGrad(true);
            var y = x.add(1);
            for (int i = 0; i < 20_000; i++) {
                y = y.add(x);
            }
            assertTrue(TensorScope.liveTensors() > before);
            y.backward();
            assertEquals(20_001, x.grad().item());
            scope.keep(y);
            y.close();
        }
        assertEquals(before, TensorScope.liveTensors());
    }
}
