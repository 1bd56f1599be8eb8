package ddpm.torch;

import java.util.function.Supplier;

/**
 * Choices that make libtorch fast, or reproducible, on CPUs: its allocator, its threads, and which of its kernels computes
 * what. Results stay those of the operator asked for.
 */
final class CpuTuning {
    /** ATen's bound for {@link #convolvesByOneDnn}. */
    private static final long SMALL_IMAGE = 20480;

    /** The bound from which libtorch's group norm takes another path through channels-last images. */
    private static final long FEW_POSITIONS = 1024;

    /** How many bfloat16 channels one vector of libtorch's group norm holds. */
    private static final int VECTOR = 16;

    private CpuTuning() {}

    /** Tunes a libtorch that has just been loaded. */
    static void atLoad() {
        Malloc.keepBlocks();
        CppSymbols.openblasSetNumThreads(1);
        // NNPACK cannot start on every processor, and then warns on standard error at each convolution it was chosen
        // for.
        CppSymbols.setUserEnabledNnpack(false);
    }

    // ---- Threads --------------------------------------------------------------------------------------------------

    /**
     * Sets how many threads an operator of this thread may use: OpenMP's. OpenBLAS has one, for the whole process: its own
     * pool and OpenMP's would wait for each other's cores, inside attention above all, which multiplies matrices in several
     * threads of OpenMP. One image of the paper's network took four times as long with both.
     */
    static void setThreads(int threads) {
        CppSymbols.setNumThreads(threads);
    }

    /**
     * Ends the threads on which operators of this thread ran, for another thread whose operators have several. GNU's OpenMP
     * counts the threads of all: while they are more than processors, each goes to sleep between two operators, and is woken
     * for the next. One image of the paper's network took 1.3 times as long.
     */
    static void releaseThreads() {
        CppSymbols.pauseOpenMp();
    }

    /** How many threads an operator of this thread may use. */
    static int threads() {
        int threads = Abi.getNumThreads(CallScratch.get());
        return threads > 0 ? threads : Runtime.getRuntime().availableProcessors();
    }

    /**
     * Computes a group norm of images on one thread where the threads would not have whole images each: two that share the
     * sums of one image round them differently than one does.
     */
    static Tensor alikeAloneAndInABatch(Tensor images, Supplier<Tensor> groupNorm) {
        int threads = images.device().equals(Device.CPU) ? threads() : 1;
        if (threads == 1 || images.shape().size(0) % threads == 0) {
            return groupNorm.get();
        }
        try {
            CppSymbols.setNumThreads(1);
            return groupNorm.get();
        } finally {
            CppSymbols.setNumThreads(threads);
        }
    }

    // ---- Kernels --------------------------------------------------------------------------------------------------

    /**
     * Whether to ask for oneDNN's convolution by name. ATen convolves one small float32 image alone with another kernel
     * than the same image in a batch: slower, and rounded differently. By name, the image comes out the same either way.
     */
    static boolean convolvesByOneDnn(Tensor x) {
        var shape = x.shape();
        return shape.size(0) == 1
                && shape.numel() <= SMALL_IMAGE
                && shape.numel() > 0
                && x.device().equals(Device.CPU)
                && x.dtype() == DType.FLOAT32
                && OneDnn.CONVOLVES;
    }

    /**
     * Whether a group norm of bfloat16 images with float32 weights is faster when the images are converted to float32 and
     * back, as PyTorch's autocast does. It is while gradients are recorded, because the gradient of mixed types takes four
     * times as long. Without gradients it is where libtorch's kernel cannot use vectors: in channels-last images of fewer
     * than 1024 positions it walks each group on its own, 16 channels at a time, and channels beyond a multiple of 16 one
     * by one, at 3 to 18 ns an element where float32 and both conversions take 1 to 4.
     */
    static boolean normalisesInFloat32(Shape images, int groups) {
        return GradMode.isOn()
                || images.rank() == 4
                        && images.size(2) * images.size(3) < FEW_POSITIONS
                        && images.size(1) / groups % VECTOR != 0;
    }

    /** Whether attention is two matrix products: in bfloat16 libtorch's own kernel takes a hundred times as long. */
    static boolean attendsByProducts(Tensor q) {
        return q.dtype() == DType.BFLOAT16 && q.device().equals(Device.CPU);
    }

    /** Found out once, at the first small image. */
    private static final class OneDnn {
        static final boolean CONVOLVES = convolves();

        /** Not every libtorch is built with oneDNN, as those for ARM, and one might compute wrongly. */
        private static boolean convolves() {
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                return KernelCheck.oneDnnConvolves();
            } catch (TorchException e) {
                return false;
            }
        }
    }
}
