package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * C++ functions of libtorch that have no counterpart in the C ABI, called by their mangled names, and one each of OpenBLAS
 * and OpenMP.
 *
 * <p>A C++ exception through one of these would end the JVM, so only functions that cannot throw for what they are given
 * are here. Apart from the two of {@code TensorImpl}, without which there is no autograd, a libtorch may lack any.
 */
final class CppSymbols {
    /** {@code at::Tensor& c10::TensorImpl::mutable_grad()}: its result is a tensor handle that libtorch owns. */
    private static final MethodHandle MUTABLE_GRAD =
            Binding.function("_ZN3c1010TensorImpl12mutable_gradEv", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));

    private static final MethodHandle REQUIRES_GRAD =
            Binding.function("_ZNK3c1010TensorImpl13requires_gradEv", FunctionDescriptor.of(JAVA_BOOLEAN, JAVA_LONG));
    /** {@code at::set_num_threads(int)} throws for numbers below 1. */
    private static final MethodHandle SET_NUM_THREADS =
            Binding.optional("_ZN2at15set_num_threadsEi", FunctionDescriptor.ofVoid(JAVA_INT));

    private static final MethodHandle BLAS_SET_NUM_THREADS =
            Binding.optional("openblas_set_num_threads", FunctionDescriptor.ofVoid(JAVA_INT));

    private static final MethodHandle PAUSE_OPENMP =
            Binding.optional("omp_pause_resource_all", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    /** {@code omp_pause_soft}. */
    private static final int SOFTLY = 1;

    /** {@code std::string at::get_cpu_capability()}: the string's address is the hidden first argument (SysV x86-64). */
    private static final MethodHandle CPU_CAPABILITY =
            Binding.optional("_ZN2at18get_cpu_capabilityB5cxx11Ev", FunctionDescriptor.ofVoid(JAVA_LONG));

    private static final MethodHandle CONTEXT =
            Binding.optional("_ZN2at13globalContextEv", FunctionDescriptor.of(JAVA_LONG));
    private static final MethodHandle ALLOW_TF32_CUBLAS = setter("_ZN2at7Context18setAllowTF32CuBLASEb");
    private static final MethodHandle ALLOW_TF32_CUDNN = setter("_ZN2at7Context17setAllowTF32CuDNNEb");
    private static final MethodHandle ENABLE_NNPACK = setter("_ZN2at7Context20setUserEnabledNNPACKEb");

    private CppSymbols() {}

    private static MethodHandle setter(String symbol) {
        return Binding.optional(symbol, FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_BOOLEAN));
    }

    /** The address of a TensorImpl's gradient, an {@code at::Tensor} and so a handle that libtorch owns. */
    static long mutableGrad(long impl) {
        try {
            return (long) MUTABLE_GRAD.invokeExact(impl);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static boolean requiresGrad(long impl) {
        try {
            return (boolean) REQUIRES_GRAD.invokeExact(impl);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static boolean canSetNumThreads() {
        return SET_NUM_THREADS != null;
    }

    /** Sets the threads of ATen and oneDNN for this thread's operators; does nothing where that cannot be set. */
    static void setNumThreads(int threads) {
        if (SET_NUM_THREADS != null) {
            try {
                SET_NUM_THREADS.invokeExact(threads);
            } catch (Throwable e) {
                throw Binding.unexpected(e);
            }
        }
    }

    /** Sets the size of OpenBLAS's own pool of threads; does nothing where libtorch has another BLAS. */
    static void openblasSetNumThreads(int threads) {
        if (BLAS_SET_NUM_THREADS != null) {
            try {
                BLAS_SET_NUM_THREADS.invokeExact(threads);
            } catch (Throwable e) {
                throw Binding.unexpected(e);
            }
        }
    }

    /** Ends the threads that OpenMP keeps for this thread's operators; the next operator that needs some gets new ones. */
    static void pauseOpenMp() {
        if (PAUSE_OPENMP != null) {
            try {
                int _ = (int)
                        PAUSE_OPENMP.invokeExact(SOFTLY); // refused inside an operator alone, and then nothing is lost
            } catch (Throwable e) {
                throw Binding.unexpected(e);
            }
        }
    }

    /** The instruction set of ATen's own kernels, such as {@code AVX512}; {@code unknown} off x86-64 Linux. */
    static String cpuCapability() {
        boolean sysV = System.getProperty("os.arch").equals("amd64")
                && System.getProperty("os.name").equals("Linux");
        if (CPU_CAPABILITY == null || !sysV) {
            return "unknown";
        }
        // A libstdc++ string: pointer, length, 16 bytes of inline storage, which holds every answer of this function.
        try (var arena = Arena.ofConfined()) {
            var string = arena.allocate(32, 8);
            CPU_CAPABILITY.invokeExact(string.address());
            var bytes = MemorySegment.ofAddress(string.get(JAVA_LONG, 0))
                    .reinterpret(string.get(JAVA_LONG, 8))
                    .toArray(JAVA_BYTE);
            return new String(bytes, StandardCharsets.US_ASCII);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static boolean canSetTf32() {
        return CONTEXT != null && ALLOW_TF32_CUBLAS != null && ALLOW_TF32_CUDNN != null;
    }

    static void setAllowTf32(boolean allowed) {
        try {
            long context = (long) CONTEXT.invokeExact();
            ALLOW_TF32_CUBLAS.invokeExact(context, allowed);
            ALLOW_TF32_CUDNN.invokeExact(context, allowed);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Lets ATen choose NNPACK for convolutions, or not; does nothing where that cannot be set. */
    static void setUserEnabledNnpack(boolean enabled) {
        if (CONTEXT != null && ENABLE_NNPACK != null) {
            try {
                ENABLE_NNPACK.invokeExact((long) CONTEXT.invokeExact(), enabled);
            } catch (Throwable e) {
                throw Binding.unexpected(e);
            }
        }
    }
}
