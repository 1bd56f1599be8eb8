package ddpm.torch;

/** libtorch refused or failed; the message names the operation, its arguments and, where known, libtorch's reason. */
public class TorchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TorchException(String message) {
        super(message);
    }

    public TorchException(String message, Throwable cause) {
        super(message, cause);
    }
}
