package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;

/**
 * Whether float32 convolutions and matrix products on CUDA may round their inputs to TF32's 10 bits of mantissa, which
 * tensor cores multiply several times faster.
 *
 * <p>PyTorch allows it in convolutions unless told otherwise. Here float32 is float32 unless asked: {@link LibTorch} turns
 * it off when it loads a libtorch for CUDA.
 */
public final class Tf32 {
    private static final MethodHandle CONTEXT =
            Abi.optional("_ZN2at13globalContextEv", FunctionDescriptor.of(JAVA_LONG));
    private static final MethodHandle SET_PRODUCTS = setter("_ZN2at7Context18setAllowTF32CuBLASEb");
    private static final MethodHandle SET_CONVOLUTIONS = setter("_ZN2at7Context17setAllowTF32CuDNNEb");

    private Tf32() {}

    private static MethodHandle setter(String symbol) {
        return Abi.optional(symbol, FunctionDescriptor.ofVoid(JAVA_LONG, JAVA_BOOLEAN));
    }

    /** Whether this libtorch lets it be set. */
    static boolean isSettable() {
        return CONTEXT != null && SET_PRODUCTS != null && SET_CONVOLUTIONS != null;
    }

    /**
     * Sets it for the process, from now on; has no effect on CPUs.
     *
     * @throws TorchException if this libtorch does not let it be set
     */
    public static void allow(boolean allowed) {
        LibTorch.load();
        if (!isSettable()) {
            throw new TorchException("this libtorch does not let TF32 be set");
        }
        try {
            long context = (long) CONTEXT.invokeExact();
            SET_PRODUCTS.invokeExact(context, allowed);
            SET_CONVOLUTIONS.invokeExact(context, allowed);
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
    }
}
