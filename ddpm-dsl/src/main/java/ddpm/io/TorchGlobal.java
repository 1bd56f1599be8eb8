package ddpm.io;

import ddpm.torch.DType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The Python names a checkpoint may mention, all of them, and matched whole: not one is ever looked up or called, each
 * only stands for something that {@link TorchReduce} makes itself.
 */
enum TorchGlobal {
    ORDERED_DICT("collections", "OrderedDict"),
    COUNTER("collections", "Counter"),
    SET("builtins", "set"),
    COMPLEX("builtins", "complex"),
    BYTES("builtins", "bytes"),
    BYTE_ARRAY("builtins", "bytearray"),
    ENCODE("_codecs", "encode"),
    REBUILD_TENSOR("torch._utils", "_rebuild_tensor_v2"),
    REBUILD_PARAMETER("torch._utils", "_rebuild_parameter"),
    REBUILD_PARAMETER_WITH_STATE("torch._utils", "_rebuild_parameter_with_state"),
    LAYOUT("torch.serialization", "_get_layout"),
    SIZE("torch", "Size"),
    DEVICE("torch", "device"),
    NUMPY_TYPE("numpy", "dtype"),
    NUMPY_SCALAR("numpy.core.multiarray", "scalar");

    /** Element types that tensors here cannot have, but settings beside them may name. */
    private static final List<String> OTHER_TYPES = List.of(
            "complex32",
            "complex64",
            "complex128",
            "uint16",
            "uint32",
            "uint64",
            "float8_e4m3fn",
            "float8_e5m2",
            "float8_e4m3fnuz",
            "float8_e5m2fnuz",
            "qint8",
            "quint8",
            "qint32");

    /** The class of a typed storage, e.g. {@code torch.FloatStorage}. */
    record StorageType(DType dtype) {}

    private record Name(String module, String name) {}

    private static final Map<Name, Object> ALLOWED = new HashMap<>();

    static {
        for (var global : values()) {
            ALLOWED.put(new Name(global.module, global.pythonName), global);
            if (global.module.equals("builtins")) {
                ALLOWED.put(new Name("__builtin__", global.pythonName), global); // as protocol 2 spells it
            }
        }
        ALLOWED.put(new Name("numpy._core.multiarray", "scalar"), NUMPY_SCALAR); // as NumPy 2 spells it
        OTHER_TYPES.forEach(type -> ALLOWED.put(new Name("torch", type), "torch." + type));
        for (var dtype : DType.values()) {
            ALLOWED.put(new Name("torch", dtype.toString()), dtype);
            ALLOWED.put(new Name("torch", storageName(dtype)), new StorageType(dtype));
        }
    }

    private final String module;
    private final String pythonName;

    TorchGlobal(String module, String pythonName) {
        this.module = module;
        this.pythonName = pythonName;
    }

    /** The meaning of {@code module.name}: one of this enum, a {@link StorageType}, a {@link DType}, text, or null. */
    static Object find(String module, String name) {
        return ALLOWED.get(new Name(module, name));
    }

    /** The class in module {@code torch} whose storages hold this type. */
    static String storageName(DType dtype) {
        return switch (dtype) {
            case UINT8 -> "ByteStorage";
            case INT8 -> "CharStorage";
            case INT16 -> "ShortStorage";
            case INT32 -> "IntStorage";
            case INT64 -> "LongStorage";
            case FLOAT16 -> "HalfStorage";
            case FLOAT32 -> "FloatStorage";
            case FLOAT64 -> "DoubleStorage";
            case BOOL -> "BoolStorage";
            case BFLOAT16 -> "BFloat16Storage";
        };
    }

    @Override
    public String toString() {
        return module + "." + pythonName;
    }
}
