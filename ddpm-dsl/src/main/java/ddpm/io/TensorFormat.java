package ddpm.io;

/** The formats tensors are read from, recognised by content, never by a file's name alone. */
public enum TensorFormat {
    SAFETENSORS("safetensors"),
    SAFETENSORS_SHARDED("safetensors, sharded"),
    TORCH_ZIP("PyTorch (zip)"),
    TORCH_LEGACY("PyTorch (legacy)");

    private final String description;

    TensorFormat(String description) {
        this.description = description;
    }

    /** For people, e.g. {@code PyTorch (zip)}. */
    @Override
    public String toString() {
        return description;
    }
}
