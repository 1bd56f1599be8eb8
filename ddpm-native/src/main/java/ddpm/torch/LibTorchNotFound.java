package ddpm.torch;

/** There is no libtorch that this process can use; the message says what was looked at and what to do. */
public final class LibTorchNotFound extends TorchException {
    private static final long serialVersionUID = 1L;

    public LibTorchNotFound(String message) {
        super(message);
    }

    public LibTorchNotFound(String message, Throwable cause) {
        super(message, cause);
    }
}
