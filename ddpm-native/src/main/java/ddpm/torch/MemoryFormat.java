package ddpm.torch;

/** The order in which a tensor's elements lie in memory, with c10::MemoryFormat's numbers. */
public enum MemoryFormat {
    /** Row-major: the last dimension is the innermost. */
    CONTIGUOUS(0),
    /** As the input has it. */
    PRESERVE(1),
    /** {@code [B, C, H, W]} stored as {@code [B, H, W, C]}: what oneDNN and cuDNN convolve fastest. Rank 4 only. */
    CHANNELS_LAST(2);

    private final int code;

    MemoryFormat(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
