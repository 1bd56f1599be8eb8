package ddpm.torch.cpp;

import ddpm.torch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.VoidTensorHook;

/**
 * A call in every backward pass that reaches a leaf, just before the leaf's gradient is added to what is there; so the
 * gradients of the leaves that came before are in their place. The C ABI has no hooks.
 *
 * <p>On a CPU the call comes from the thread that called {@link Tensor#backward}, in the middle of it: what is called must
 * neither use a tensor nor throw.
 */
public final class GradientHook implements AutoCloseable {
    private final org.bytedeco.pytorch.Tensor leaf;
    private final Call call;
    private final int number;

    /**
     * @param leaf requires a gradient
     * @throws ddpm.torch.TorchException if libtorch is an external one, see {@link CppTensors#ready}
     */
    public GradientHook(Tensor leaf, Runnable arriving) {
        if (!leaf.requiresGrad()) {
            throw new IllegalArgumentException(leaf.describe() + " requires no gradient, so none will arrive");
        }
        this.leaf = CppTensors.toCpp(leaf);
        this.call = new Call(arriving);
        this.number = this.leaf.register_hook(call);
    }

    /** C++ holds no reference to it: the hook does. */
    private static final class Call extends VoidTensorHook {
        private final Runnable arriving;

        Call(Runnable arriving) {
            this.arriving = arriving;
        }

        /** The gradient is a reference of our own, which would keep its memory until the next garbage collection. */
        @Override
        public void call(TensorBase gradient) {
            gradient.close();
            arriving.run();
        }
    }

    /** Takes the hook away. */
    @Override
    public void close() {
        leaf.remove_hook(number);
        leaf.close();
        call.close();
    }
}
