package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The functions of libtorch's C ABI that make, describe, change and free tensors; see {@link Abi}. */
final class TensorAbi {
    private static final MethodHandle NEW_HANDLE = Binding.code("aoti_torch_new_tensor_handle", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DELETE = Binding.code("aoti_torch_delete_tensor_object", JAVA_LONG);
    private static final MethodHandle EMPTY_STRIDED = Binding.code(
            "aoti_torch_empty_strided", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    private static final MethodHandle REINTERPRET = Binding.code(
            "aoti_torch__reinterpret_tensor", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SCALAR_F32 =
            Binding.code("aoti_torch_scalar_to_tensor_float32", JAVA_FLOAT, JAVA_LONG);
    private static final MethodHandle DATA_PTR = Binding.code("aoti_torch_get_data_ptr", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DIM = Binding.code("aoti_torch_get_dim", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SIZES = Binding.code("aoti_torch_get_sizes", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle STRIDES = Binding.code("aoti_torch_get_strides", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DTYPE = Binding.code("aoti_torch_get_dtype", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DEVICE_TYPE = Binding.code("aoti_torch_get_device_type", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DEVICE_INDEX = Binding.code("aoti_torch_get_device_index", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle IS_CONTIGUOUS = Binding.code("aoti_torch_is_contiguous", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle IS_DEFINED = Binding.code("aoti_torch_is_defined", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LAYOUT = Binding.code("aoti_torch_get_layout", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SUBTRACT =
            Binding.code("aoti_torch_aten_subtract_Tensor", JAVA_LONG, JAVA_LONG, JAVA_DOUBLE, JAVA_LONG);
    private static final MethodHandle FILL = Binding.code("aoti_torch_aten_fill__Scalar", JAVA_LONG, JAVA_DOUBLE);
    private static final MethodHandle ASSIGN = Binding.code("aoti_torch_assign_tensors", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle SET_REQUIRES_GRAD =
            Binding.code("torch_set_requires_grad", JAVA_LONG, JAVA_BOOLEAN);

    private TensorAbi() {}

    /** Initialises this class, which binds all of its functions. */
    static void bind() {}

    /** Makes another handle of the same tensor, with a reference of its own. */
    static long newTensorHandle(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) NEW_HANDLE.invokeExact(tensor, scratch.address), "aoti_torch_new_tensor_handle");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static void deleteTensorObject(long tensor) {
        try {
            Abi.check((int) DELETE.invokeExact(tensor), "aoti_torch_delete_tensor_object");
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Allocates a tensor, whose handle comes into the scratch's first cell; returns libtorch's error code. */
    static int emptyStrided(long rank, long sizes, long strides, int dtype, Device device, CallScratch scratch) {
        try {
            return (int) EMPTY_STRIDED.invokeExact(
                    rank, sizes, strides, dtype, device.kind().code(), device.index(), scratch.address);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Makes a view that autograd does not see and that libtorch does not check. */
    static long reinterpret(long tensor, int rank, long sizes, long strides, long offset, CallScratch scratch) {
        try {
            Abi.check(
                    (int) REINTERPRET.invokeExact(tensor, (long) rank, sizes, strides, offset, scratch.address),
                    "aoti_torch__reinterpret_tensor");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long scalarToTensorFloat32(float value, CallScratch scratch) {
        try {
            Abi.check((int) SCALAR_F32.invokeExact(value, scratch.address), "aoti_torch_scalar_to_tensor_float32");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long getDataPtr(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) DATA_PTR.invokeExact(tensor, scratch.address), "aoti_torch_get_data_ptr");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static int getDim(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) DIM.invokeExact(tensor, scratch.address), "aoti_torch_get_dim");
            return (int) scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long[] getSizes(long tensor, int rank, CallScratch scratch) {
        try {
            Abi.check((int) SIZES.invokeExact(tensor, scratch.address), "aoti_torch_get_sizes");
            return longsAt(scratch.getLong(0), rank);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long[] getStrides(long tensor, int rank, CallScratch scratch) {
        try {
            Abi.check((int) STRIDES.invokeExact(tensor, scratch.address), "aoti_torch_get_strides");
            return longsAt(scratch.getLong(0), rank);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    private static long[] longsAt(long address, int count) {
        return count == 0
                ? new long[0]
                : MemorySegment.ofAddress(address).reinterpret(8L * count).toArray(JAVA_LONG);
    }

    static int getDtype(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) DTYPE.invokeExact(tensor, scratch.address), "aoti_torch_get_dtype");
            return scratch.getInt();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static int getDeviceType(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) DEVICE_TYPE.invokeExact(tensor, scratch.address), "aoti_torch_get_device_type");
            return scratch.getInt();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static int getDeviceIndex(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) DEVICE_INDEX.invokeExact(tensor, scratch.address), "aoti_torch_get_device_index");
            return scratch.getInt();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static boolean isContiguous(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) IS_CONTIGUOUS.invokeExact(tensor, scratch.address), "aoti_torch_is_contiguous");
            return (scratch.getInt() & 0xFF) != 0; // a bool: one byte is written
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** The c10::Layout number; 0 is strided memory, the only one that this library reads. */
    static int getLayout(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) LAYOUT.invokeExact(tensor, scratch.address), "aoti_torch_get_layout");
            return scratch.getInt();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static boolean isDefined(long tensor, CallScratch scratch) {
        try {
            Abi.check((int) IS_DEFINED.invokeExact(tensor, scratch.address), "aoti_torch_is_defined");
            return (scratch.getInt() & 0xFF) != 0;
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Computes {@code a - alpha b} into the scratch's first cell; returns libtorch's error code. */
    static int subtract(long a, long b, double alpha, CallScratch scratch) {
        try {
            return (int) SUBTRACT.invokeExact(a, b, alpha, scratch.address);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Fills a tensor with a number; returns libtorch's error code. */
    static int fill(long tensor, double value) {
        try {
            return (int) FILL.invokeExact(tensor, value);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Lets the handle {@code target} refer to the tensor of {@code source}. */
    static void assign(long source, long target) {
        try {
            Abi.check((int) ASSIGN.invokeExact(source, target), "aoti_torch_assign_tensors");
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Sets whether a tensor collects a gradient; returns libtorch's error code. */
    static int setRequiresGrad(long tensor, boolean required) {
        try {
            return (int) SET_REQUIRES_GRAD.invokeExact(tensor, required);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }
}
