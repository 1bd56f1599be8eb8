package ddpm.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/**
 * The functions of libtorch's C ABI that this library calls, as method handles that the JIT sees as constants.
 *
 * <p>Handles of tensors, lists and strings are passed as {@code long}. Every {@code aoti_torch_*} and {@code torch_*}
 * function here turns C++ exceptions into a return code; the few mangled C++ symbols are called only where they cannot
 * throw. The class initialises after {@link LibTorch} has loaded the libraries, never before.
 */
final class Abi {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup SYMBOLS = LibTorch.symbols();

    /** We speak the 2.10 dialect of the ABI, which every later libtorch promises to understand. */
    static final long VERSION = 0x020A_0000_0000_0000L;

    // Dispatcher and its containers.
    static final MethodHandle CALL_DISPATCHER =
            code("torch_call_dispatcher", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    static final MethodHandle NEW_LIST = code("torch_new_list_reserve_size", JAVA_LONG, JAVA_LONG);
    static final MethodHandle LIST_PUSH = code("torch_list_push_back", JAVA_LONG, JAVA_LONG);
    static final MethodHandle NEW_STRING = code("torch_new_string_handle", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    /** Present from 2.13 on; before that an optional's cell is memory that C++ {@code delete} frees, i.e. malloc's. */
    static final MethodHandle NEW_CELL = optionalCode("torch_new_stable_ivalue", JAVA_LONG);

    static final MethodHandle MALLOC = LINKER.downcallHandle(
            LINKER.defaultLookup().findOrThrow("malloc"), FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));

    // Tensors.
    static final MethodHandle NEW_HANDLE = code("aoti_torch_new_tensor_handle", JAVA_LONG, JAVA_LONG);
    static final MethodHandle DELETE_TENSOR = code("aoti_torch_delete_tensor_object", JAVA_LONG);
    static final MethodHandle EMPTY_STRIDED =
            code("aoti_torch_empty_strided", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    static final MethodHandle DATA_PTR = code("aoti_torch_get_data_ptr", JAVA_LONG, JAVA_LONG);
    static final MethodHandle DIM = code("aoti_torch_get_dim", JAVA_LONG, JAVA_LONG);
    static final MethodHandle SIZES = code("aoti_torch_get_sizes", JAVA_LONG, JAVA_LONG);
    static final MethodHandle STRIDES = code("aoti_torch_get_strides", JAVA_LONG, JAVA_LONG);
    static final MethodHandle DTYPE = code("aoti_torch_get_dtype", JAVA_LONG, JAVA_LONG);
    static final MethodHandle DEVICE_TYPE = code("aoti_torch_get_device_type", JAVA_LONG, JAVA_LONG);
    static final MethodHandle DEVICE_INDEX = code("aoti_torch_get_device_index", JAVA_LONG, JAVA_LONG);
    static final MethodHandle IS_CONTIGUOUS = code("aoti_torch_is_contiguous", JAVA_LONG, JAVA_LONG);
    static final MethodHandle IS_DEFINED = code("aoti_torch_is_defined", JAVA_LONG, JAVA_LONG);
    static final MethodHandle SCALAR_F32 = code("aoti_torch_scalar_to_tensor_float32", JAVA_FLOAT, JAVA_LONG);
    static final MethodHandle SUBTRACT =
            code("aoti_torch_aten_subtract_Tensor", JAVA_LONG, JAVA_LONG, JAVA_DOUBLE, JAVA_LONG);
    static final MethodHandle FILL = code("aoti_torch_aten_fill__Scalar", JAVA_LONG, JAVA_DOUBLE);
    static final MethodHandle ASSIGN = code("aoti_torch_assign_tensors", JAVA_LONG, JAVA_LONG);

    // Autograd.
    static final MethodHandle SET_REQUIRES_GRAD = code("torch_set_requires_grad", JAVA_LONG, JAVA_BOOLEAN);
    static final MethodHandle GRAD_MODE_GET =
            downcall("aoti_torch_grad_mode_is_enabled", FunctionDescriptor.of(JAVA_BOOLEAN));
    static final MethodHandle GRAD_MODE_SET =
            downcall("aoti_torch_grad_mode_set_enabled", FunctionDescriptor.ofVoid(JAVA_BOOLEAN));
    /** {@code at::Tensor& c10::TensorImpl::mutable_grad()}: its result is a tensor handle that libtorch owns. */
    static final MethodHandle MUTABLE_GRAD =
            downcall("_ZN3c1010TensorImpl12mutable_gradEv", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));

    // The process.
    static final MethodHandle GET_NUM_THREADS = optionalCode("torch_get_num_threads", JAVA_LONG);
    /** {@code at::set_num_threads(int)}, which throws only for numbers below 1. */
    static final MethodHandle SET_NUM_THREADS =
            optional("_ZN2at15set_num_threadsEi", FunctionDescriptor.ofVoid(JAVA_INT));
    /** OpenBLAS has a thread pool of its own, which at::set_num_threads does not reach. */
    static final MethodHandle BLAS_SET_NUM_THREADS =
            optional("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));
    /** {@code std::string at::get_cpu_capability()}: the string's address is the hidden first argument (SysV x86-64). */
    static final MethodHandle CPU_CAPABILITY =
            optional("_ZN2at18get_cpu_capabilityB5cxx11Ev", FunctionDescriptor.ofVoid(JAVA_LONG));

    static final MethodHandle ABI_VERSION = optional("aoti_torch_abi_version", FunctionDescriptor.of(JAVA_LONG));
    /** Present from 2.13 on: the message of the last error of this thread. */
    static final MethodHandle WHAT =
            optional("torch_exception_get_what_without_backtrace", FunctionDescriptor.of(ADDRESS));

    private Abi() {}

    /** A function that returns libtorch's error code. */
    private static MethodHandle code(String name, MemoryLayout... arguments) {
        return downcall(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static MethodHandle optionalCode(String name, MemoryLayout... arguments) {
        return optional(name, FunctionDescriptor.of(JAVA_INT, arguments));
    }

    private static MethodHandle downcall(String name, FunctionDescriptor descriptor) {
        var symbol = SYMBOLS.find(name)
                .orElseThrow(() -> new TorchException("this libtorch lacks the function " + name
                        + "; libtorch 2.10 or newer for this platform is needed"));
        return LINKER.downcallHandle(symbol, descriptor);
    }

    static MethodHandle optional(String name, FunctionDescriptor descriptor) {
        return SYMBOLS.find(name)
                .map(symbol -> LINKER.downcallHandle(symbol, descriptor))
                .orElse(null);
    }

    /** Turns an error code into an exception that names the function and gives libtorch's reason. */
    static void check(int code, String function) {
        if (code != 0) {
            throw failed(() -> function);
        }
    }

    /** The exception for a failure that has just been reported on this thread. */
    static TorchException failed(Supplier<String> tried) {
        var reason = lastError(); // first: describing tensors calls libtorch again
        return new TorchException(tried.get() + " failed: " + reason);
    }

    static String lastError() {
        if (WHAT == null) {
            return "libtorch printed the reason on stderr";
        }
        try {
            var text = (MemorySegment) WHAT.invokeExact();
            if (text.address() == 0) {
                return "no reason given";
            }
            return text.reinterpret(1 << 16).getString(0).strip();
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Method handles declare Throwable; a downcall itself throws only what is a bug of ours. */
    static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
