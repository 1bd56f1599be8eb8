package ddpm.torch;

/** Element types of tensors, with the numbers libtorch's C ABI gives them (c10::ScalarType). */
public enum DType {
    UINT8(0, 1, "uint8"),
    INT8(1, 1, "int8"),
    INT16(2, 2, "int16"),
    INT32(3, 4, "int32"),
    INT64(4, 8, "int64"),
    FLOAT16(5, 2, "float16"),
    FLOAT32(6, 4, "float32"),
    FLOAT64(7, 8, "float64"),
    BOOL(11, 1, "bool"),
    BFLOAT16(15, 2, "bfloat16");

    private final int code;
    private final int bytes;
    private final String torchName;

    DType(int code, int bytes, String torchName) {
        this.code = code;
        this.bytes = bytes;
        this.torchName = torchName;
    }

    /** The c10::ScalarType number. */
    public int code() {
        return code;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }

    /** Whether gradients can flow through tensors of this type. */
    public boolean isFloating() {
        return this == FLOAT16 || this == BFLOAT16 || this == FLOAT32 || this == FLOAT64;
    }

    /** The name PyTorch prints after {@code torch.}, e.g. {@code float32}. */
    @Override
    public String toString() {
        return torchName;
    }

    /**
     * The type with this c10::ScalarType number.
     *
     * @throws TorchException if this binding has no name for it (quantised, complex, float8...)
     */
    public static DType ofCode(int code) {
        for (var dtype : values()) {
            if (dtype.code == code) {
                return dtype;
            }
        }
        throw new TorchException("libtorch scalar type number " + code + " is not one this library handles");
    }
}
