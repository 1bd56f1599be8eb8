package ddpm.torch.cuda;

/**
 * One CUDA device that this process sees.
 *
 * @param index N of {@code cuda:N}
 * @param name the maker's
 * @param major of its compute capability
 * @param minor of its compute capability
 */
public record CudaDevice(int index, String name, int major, int minor) {
    /** {@code cuda:0 NVIDIA H100 80GB HBM3 (compute capability 9.0)}. */
    @Override
    public String toString() {
        return "cuda:" + index + " " + name + " (compute capability " + major + "." + minor + ")";
    }
}
