package ddpm.torch;

/**
 * Whether float32 convolutions and matrix products on CUDA may round their inputs to TF32's 10 bits of mantissa, which
 * tensor cores multiply several times faster.
 *
 * <p>PyTorch allows it in convolutions by default. Here float32 stays float32 unless a program allows TF32: {@link LibTorch}
 * turns it off when it loads a libtorch for CUDA.
 */
public final class Tf32 {
    private Tf32() {}

    /**
     * Sets it for the process, from now on; has no effect on CPUs.
     *
     * @throws TorchException if this libtorch does not let it be set
     */
    public static void allow(boolean allowed) {
        LibTorch.load();
        if (!CppSymbols.canSetTf32()) {
            throw new TorchException("this libtorch does not let TF32 be set");
        }
        CppSymbols.setAllowTf32(allowed);
    }
}
