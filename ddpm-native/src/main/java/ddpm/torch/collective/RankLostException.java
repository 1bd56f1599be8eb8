package ddpm.torch.collective;

import ddpm.torch.TorchException;

/** A collective operation failed because another process ended, hangs or cannot be reached; the message names it. */
public final class RankLostException extends TorchException {
    private static final long serialVersionUID = 1L;

    RankLostException(String message, Throwable cause) {
        super(message, cause);
    }
}
