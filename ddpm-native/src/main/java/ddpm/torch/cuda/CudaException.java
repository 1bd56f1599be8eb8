package ddpm.torch.cuda;

import ddpm.torch.TorchException;

/** A function of CUDA's runtime or driver failed. */
public final class CudaException extends TorchException {
    private static final long serialVersionUID = 1L;

    private final int code;
    private final String name;

    /**
     * @param call the function
     * @param code what it returned, e.g. 2
     * @param name the code's name, e.g. {@code cudaErrorMemoryAllocation}
     * @param text what CUDA says of it, e.g. {@code out of memory}
     */
    public CudaException(String call, int code, String name, String text) {
        super(call + " failed: " + text + " (" + name + ", error " + code + ")");
        this.code = code;
        this.name = name;
    }

    public int code() {
        return code;
    }

    /** {@code cudaErrorMemoryAllocation}. */
    public String name() {
        return name;
    }
}
