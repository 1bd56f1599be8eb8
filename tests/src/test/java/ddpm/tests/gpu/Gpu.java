package ddpm.tests.gpu;

import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.LibTorchNotFound;
import ddpm.torch.cuda.CudaStatus;

/** The GPU that a test needs. */
final class Gpu {
    private static final String REMEDY =
            " (here " + LibTorch.VARIABLE + " names the libtorch; docs/guide/gpu.md has more)";

    private Gpu() {}

    /**
     * The first one.
     *
     * @throws AssertionError with the reason if there is none: a test that asks for it fails, and is never skipped
     */
    static Device require() {
        try {
            var status = CudaStatus.of(LibTorch.load());
            if (!status.isReady()) {
                throw new AssertionError("no GPU to test on: " + status.finding() + REMEDY);
            }
            return Device.cuda(0);
        } catch (LibTorchNotFound e) {
            throw new AssertionError("no GPU to test on: " + e.getMessage() + REMEDY, e);
        }
    }
}
