package ddpm.torch;

import java.util.Objects;
import java.util.function.LongFunction;

/**
 * Tensors as bare addresses, for the other binding of the same libtorch in {@link ddpm.torch.cpp}.
 *
 * <p>Not for programs: a handle's address is that of an {@code at::Tensor}, and libtorch cannot tell a wrong one from a
 * right one, so it ends the JVM. Use {@link ddpm.torch.cpp.CppTensors} to exchange tensors.
 */
public final class Handles {
    private Handles() {}

    /**
     * Lends the address of the {@code at::Tensor} behind a tensor to a function. It is valid until the function returns,
     * whoever closes the tensor meanwhile.
     *
     * @throws IllegalStateException if the tensor is closed
     */
    public static <T> T lend(Tensor tensor, LongFunction<T> use) {
        long address = tensor.acquire();
        try {
            return use.apply(address);
        } finally {
            tensor.release();
        }
    }

    /**
     * The address of the first element of a contiguous tensor, on its own device. It is lent: it is valid until the last
     * handle of its memory is closed.
     *
     * @throws IllegalStateException if the tensor is closed or has gaps
     */
    public static long data(Tensor tensor) {
        if (tensor.isPacked() || !tensor.isContiguous()) {
            throw new IllegalStateException("no plain memory of " + tensor.describe() + ": contiguous tensors only");
        }
        return lend(tensor, handle -> TensorAbi.getDataPtr(handle, CallScratch.get()));
    }

    /**
     * Makes a tensor of the current scope on the memory of the {@code at::Tensor} at this address, which stays its owner's.
     *
     * @param address of a live, defined {@code at::Tensor} of this process's libtorch, not 0
     * @throws TorchException if its element type or device is none that this library handles
     */
    public static Tensor share(long address) {
        if (address == 0) {
            throw new IllegalArgumentException("no tensor at address 0");
        }
        var scope = TensorScope.current();
        var tensor = new Tensor(TensorAbi.newTensorHandle(address, CallScratch.get()), scope);
        try {
            // Refused now rather than by the first operator that is given it.
            Objects.requireNonNull(tensor.dtype());
            Objects.requireNonNull(tensor.device());
        } catch (RuntimeException unsupported) {
            tensor.close();
            throw unsupported;
        }
        return tensor;
    }
}
