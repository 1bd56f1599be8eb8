package ddpm.torch.cpp;

import ddpm.torch.Handles;
import ddpm.torch.LibTorch;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import org.bytedeco.pytorch.global.torch;

/**
 * Tensors handed between this library and code on {@code org.bytedeco.pytorch}, with no copy.
 *
 * <p>Both sides name tensors of one libtorch, so an exchanged tensor is the same tensor: elements written on one side are
 * read on the other, and {@code requires_grad}, gradient and autograd graph are shared. Each side has a reference of its
 * own and closes its own, in either order; the memory goes with the last one. Of the two libtorchs that a process might
 * use, only the bundled one has JavaCPP's binding.
 *
 * <pre>{@code
 * try (var scope = TensorScope.open();
 *         var cpp = CppTensors.toCpp(images);
 *         var flipped = cpp.flip(3)) {
 *     Tensor ours = CppTensors.fromCpp(flipped);
 * }
 * }</pre>
 */
public final class CppTensors {
    private CppTensors() {}

    /**
     * Makes {@code org.bytedeco.pytorch} usable on this process's libtorch; the two other methods do so themselves. Call
     * it before the first use of any generated class.
     *
     * @throws TorchException if libtorch is an external one, or JavaCPP has loaded another already
     */
    public static void ready() {
        var libtorch = LibTorch.load();
        if (!libtorch.isBundled()) {
            throw new TorchException(
                    "tensors are exchanged with org.bytedeco.pytorch only on the bundled libtorch, and this"
                            + " process runs on " + libtorch.folder() + ": unset " + LibTorch.VARIABLE
                            + " or leave out --libtorch");
        }
        JavaCpp.ready(libtorch.folder());
    }

    /**
     * The same tensor for JavaCPP's side. The result is the caller's: close it, let a {@code PointerScope} close it, or
     * leave it to JavaCPP's garbage collection.
     *
     * @throws IllegalStateException if the tensor is closed
     * @throws TorchException as {@link #ready}
     */
    public static org.bytedeco.pytorch.Tensor toCpp(Tensor tensor) {
        ready();
        return Handles.lend(tensor, address -> {
            try (var lent = new Lent(address)) {
                return new org.bytedeco.pytorch.Tensor(lent); // C++'s copy constructor: one more reference
            }
        });
    }

    /**
     * The same tensor for this side, in the current {@link ddpm.torch.TensorScope}.
     *
     * @param tensor open and defined; it stays the caller's
     * @throws IllegalArgumentException if it is closed or undefined
     * @throws TorchException if its element type, device or layout (complex, quantised, sparse, meta) is none that this
     *     library handles, or as {@link #ready}
     */
    public static Tensor fromCpp(org.bytedeco.pytorch.Tensor tensor) {
        ready();
        if (tensor.isNull()) {
            throw new IllegalArgumentException("the JavaCPP tensor is closed");
        }
        if (!tensor.defined()) {
            throw new IllegalArgumentException(
                    "the JavaCPP tensor is undefined: it was made by new Tensor() or is a gradient"
                            + " that no backward pass has reached");
        }
        if (tensor.layout().intern() != torch.Layout.Strided) {
            throw new TorchException("tensors of layout " + tensor.layout().intern()
                    + " are not handled here; call to_dense() on the JavaCPP side first");
        }
        // A copy of its own, because a Pointer's address leaves its position out.
        try (var copy = new org.bytedeco.pytorch.Tensor(tensor)) {
            return Handles.share(copy.address());
        }
    }

    /** A tensor at an address that someone else owns: without a deallocator, closing it only forgets the address. */
    private static final class Lent extends org.bytedeco.pytorch.Tensor {
        Lent(long handle) {
            super((org.bytedeco.javacpp.Pointer) null);
            address = handle;
        }
    }
}
