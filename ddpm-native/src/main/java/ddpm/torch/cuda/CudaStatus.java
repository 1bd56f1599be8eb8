package ddpm.torch.cuda;

import ddpm.torch.LibTorch;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Whether this process can compute on CUDA, and if not, which part is missing and what to do.
 *
 * @param state what was found
 * @param finding one line: versions and devices, or what is missing and the remedy
 * @param devices in order of index; empty unless READY
 */
public record CudaStatus(State state, String finding, List<CudaDevice> devices) {
    /** From the bottom up, the first part that is missing. */
    public enum State {
        READY,
        /** This libtorch has no CUDA half. */
        BUILT_WITHOUT_CUDA,
        /** A library that its CUDA half needs is nowhere to be found, or cannot be loaded. */
        LIBRARY_MISSING,
        /** The machine has no NVIDIA driver. */
        NO_DRIVER,
        /** The driver is older than the CUDA that libtorch was built for. */
        DRIVER_TOO_OLD,
        /** The driver sees no device. */
        NO_DEVICE,
        /** CUDA reports another error. */
        FAILED
    }

    public CudaStatus {
        devices = List.copyOf(devices);
    }

    private CudaStatus(State state, String finding) {
        this(state, finding, List.of());
    }

    public boolean isReady() {
        return state == State.READY;
    }

    /** Looks at this process's libtorch and what is under it; cheap, and never an exception. */
    public static CudaStatus of(LibTorch torch) {
        if (!torch.isBuiltForCuda()) {
            return new CudaStatus(
                    State.BUILT_WITHOUT_CUDA,
                    "the libtorch in " + torch.folder()
                            + " is built for CPUs only; use --libtorch with one built for CUDA,"
                            + " such as --libtorch auto for that of the python3 on PATH");
        }
        return torch.cudaFailure()
                .map(CudaStatus::missing)
                .orElseGet(() ->
                        Cudart.ofThisProcess().map(CudaStatus::of).orElseGet(() -> missing("libcudart is not loaded")));
    }

    /** @param linker what the system's linker said */
    static CudaStatus missing(String linker) {
        var part = linker.contains("libcudnn")
                ? "cuDNN 9"
                : linker.contains("libcublas")
                        ? "cuBLAS"
                        : linker.contains("libcudart") ? "CUDA's runtime library" : "a library that it needs";
        return new CudaStatus(
                State.LIBRARY_MISSING,
                "libtorch's CUDA half cannot be loaded for want of " + part + ": " + linker
                        + "; install it, or let LD_LIBRARY_PATH or CUDA_HOME name where it is, or use the torch of a"
                        + " Python environment, which brings its own");
    }

    static CudaStatus of(Cudart cuda) {
        var built = "CUDA " + Cudart.release(cuda.version());
        try {
            int driver = cuda.driverVersion();
            if (driver == 0) {
                return new CudaStatus(
                        State.NO_DRIVER,
                        "there is no NVIDIA driver (libcuda.so.1) on this machine; install one for " + built
                                + " or newer, and in a container let it see the host's (--gpus all)");
            }
            var devices = devices(cuda);
            return new CudaStatus(
                    State.READY,
                    built + ", driver for " + Cudart.release(driver) + ", "
                            + devices.stream().map(CudaDevice::toString).collect(Collectors.joining(", ")),
                    devices);
        } catch (CudaException e) {
            return switch (e.code()) {
                case Cudart.INSUFFICIENT_DRIVER ->
                    new CudaStatus(
                            State.DRIVER_TOO_OLD,
                            "the NVIDIA driver is for CUDA " + Cudart.release(cuda.driverVersion())
                                    + ", and this libtorch is built for " + built
                                    + "; install a newer driver, or a libtorch built for the older CUDA");
                case Cudart.NO_DEVICE ->
                    new CudaStatus(
                            State.NO_DEVICE,
                            "the NVIDIA driver sees no device; look at nvidia-smi, and at CUDA_VISIBLE_DEVICES ("
                                    + visible() + ")");
                default -> new CudaStatus(State.FAILED, e.getMessage() + "; look at nvidia-smi");
            };
        }
    }

    private static String visible() {
        var value = System.getenv("CUDA_VISIBLE_DEVICES");
        return value == null ? "not set" : "'" + value + "'";
    }

    private static List<CudaDevice> devices(Cudart cuda) {
        int count = cuda.deviceCount();
        var devices = new ArrayList<CudaDevice>();
        for (int i = 0; i < count; i++) {
            devices.add(new CudaDevice(
                    i,
                    cuda.deviceName(i),
                    cuda.attribute(Cudart.COMPUTE_CAPABILITY_MAJOR, i),
                    cuda.attribute(Cudart.COMPUTE_CAPABILITY_MINOR, i)));
        }
        return devices;
    }
}
