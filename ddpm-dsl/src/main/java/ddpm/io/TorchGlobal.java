package ddpm.io;

import ddpm.torch.DType;
import java.util.HashMap;
import java.util.Map;

/**
 * The Python names a checkpoint may mention, all of them, and matched whole: not one is ever looked up or called, each
 * only stands for something that {@link TorchReduce} makes itself.
 */
enum TorchGlobal {
    ORDERED_DICT("collections", "OrderedDict"),
    SET("builtins", "set"),
    COMPLEX("builtins", "complex"),
    BYTES("builtins", "bytes"),
    ENCODE("_codecs", "encode"),
    REBUILD_TENSOR("torch._utils", "_rebuild_tensor_v2"),
    REBUILD_PARAMETER("torch._utils", "_rebuild_parameter"),
    SIZE("torch", "Size"),
    DEVICE("torch", "device");

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

    /** What {@code module.name} stands for: one of this enum, a {@link StorageType}, a {@link DType}, or null. */
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
