package ddpm.torch;

import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;

/**
 * One argument of a {@link Schema}.
 *
 * @param type as the schema has it, without aliases: {@code Tensor}, {@code SymInt[2]}, {@code float?}
 * @param initial the text of its default, or null if it must be given
 */
record SchemaArgument(String name, String type, String initial) {
    /** Stands for an argument that was left out and has no default that can be used. */
    private static final Object MISSING = new Object();

    /** {@code Tensor(a) self}, {@code float eps=1e-05}. */
    static SchemaArgument parse(String text) {
        var plain = withoutAlias(text);
        int space = plain.indexOf(' ');
        var rest = plain.substring(space + 1);
        int equals = rest.indexOf('=');
        return new SchemaArgument(
                equals < 0 ? rest : rest.substring(0, equals),
                plain.substring(0, space),
                equals < 0 ? null : rest.substring(equals + 1));
    }

    /** {@code Tensor(a -> *)[] x} as {@code Tensor[] x}. */
    static String withoutAlias(String text) {
        return text.replaceFirst("^(\\w+)\\([^)]*\\)", "$1");
    }

    private boolean isOptional() {
        return type.endsWith("?");
    }

    /** The type without {@code ?} and with {@code []} for lists of any length. */
    private String kind() {
        return type.replaceFirst("\\?$", "").replaceFirst("\\[\\d+]$", "[]").replace("SymInt", "int");
    }

    /** The length of a list that the schema fixes, for which one number may stand; 0 if it fixes none. */
    private int length() {
        var plain = type.replaceFirst("\\?$", "");
        return plain.matches(".*\\[\\d+]") ? Integer.parseInt(plain.replaceAll(".*\\[|]", "")) : 0;
    }

    /** The value of an argument that was left out. */
    Object fallback() {
        if (initial == null) {
            return isOptional() ? null : MISSING;
        }
        if (initial.equals("None")) {
            return null;
        }
        try {
            return switch (kind()) {
                case "int" -> Long.valueOf(initial);
                case "float" -> Double.valueOf(initial);
                case "bool" ->
                    switch (initial) {
                        case "True" -> true;
                        case "False" -> false;
                        default -> MISSING;
                    };
                case "str" -> initial.substring(1, initial.length() - 1).translateEscapes();
                case "ScalarType" -> DType.ofCode(Integer.parseInt(initial));
                case "MemoryFormat" -> initial.equals("0") ? MemoryFormat.CONTIGUOUS : MISSING;
                case "int[]" -> initial.startsWith("[") || length() == 0 ? numbers() : Long.valueOf(initial);
                default -> MISSING;
            };
        } catch (NumberFormatException e) {
            return MISSING;
        }
    }

    private long[] numbers() {
        var inside = initial.replaceAll("[\\[\\] ]", "");
        if (inside.isEmpty()) {
            return new long[0];
        }
        var parts = inside.split(",");
        var numbers = new long[parts.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = Long.parseLong(parts[i]);
        }
        return numbers;
    }

    /** Why this value cannot be the argument's; null if it can. */
    String refusal(Object value) {
        if (value == MISSING && !isNumber()) {
            return "argument '" + name + "' is missing, of type " + type;
        }
        if (value == null && isOptional()) {
            return null;
        }
        boolean fits = switch (kind()) {
            case "Tensor" -> value instanceof Tensor tensor && isPlain(tensor);
            case "Tensor[]" -> tensors(value) != null;
            case "int" -> isInteger(value);
            case "float" -> value instanceof Double || value instanceof Float || isInteger(value);
            case "bool" -> value instanceof Boolean;
            case "str" -> value instanceof String text && text.indexOf('\0') < 0;
            case "ScalarType" -> value instanceof DType;
            case "MemoryFormat" -> value instanceof MemoryFormat;
            case "Device" -> value instanceof Device device && isThere(device);
            case "int[]" -> fits(value);
            case "float[]" -> value instanceof double[];
            case "bool[]" -> value instanceof boolean[] flags && flags.length == length();
            default -> false;
        };
        if (fits) {
            return null;
        }
        if (isNumber()) {
            return "argument '" + name + "' is a " + type
                    + ", which libtorch's C ABI cannot pass: call the overload that"
                    + " takes a tensor there, with Tensor.scalar(x), or arithmetic such as Tensor.mul(double)";
        }
        return "argument '" + name + "' is a " + type + " (" + allowed() + "), not "
                + (value == null ? "null" : shortened(described(value)));
    }

    /** Text for a message, which it must not flood. */
    static String shortened(String text) {
        return text.length() > 120 ? text.substring(0, 120) + "..." : text;
    }

    private boolean isNumber() {
        return kind().startsWith("Scalar") && !kind().startsWith("ScalarType");
    }

    private static boolean isPlain(Tensor tensor) {
        return tensor.isOpen() && !tensor.isPacked();
    }

    private static boolean isThere(Device device) {
        LibTorch.requireDevice(device);
        return true;
    }

    private static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Integer || value instanceof Short || value instanceof Byte;
    }

    private boolean fits(Object value) {
        return value instanceof long[] || value instanceof int[] || length() > 0 && isInteger(value);
    }

    private static String described(Object value) {
        return value instanceof Tensor tensor && tensor.isOpen()
                ? (tensor.isPacked() ? "a packed weight" : tensor.describe())
                : value instanceof Tensor ? "a closed tensor" : value.getClass().getSimpleName() + " " + value;
    }

    private String allowed() {
        return switch (kind()) {
            case "Tensor" -> "a Tensor that is open";
            case "Tensor[]" -> "a Tensor[] or a List of open tensors";
            case "int" -> "an integer";
            case "float" -> "a number";
            case "bool" -> "true or false";
            case "str" -> "a String";
            case "ScalarType" -> "a DType";
            case "MemoryFormat", "Device" -> "a " + kind() + " of this library";
            case "int[]" -> length() > 0 ? "a long[], or one integer for all " + length() : "a long[]";
            case "float[]" -> "a double[]";
            case "bool[]" -> "a boolean[" + length() + "]";
            default -> isOptional() ? "only null here" : "which cannot be passed here; use CppTensors";
        };
    }

    /** The tensors of an array or a list; null if it is neither or holds something else. */
    private static Tensor[] tensors(Object value) {
        Object[] elements = switch (value) {
            case Tensor[] array -> array.clone();
            case List<?> list -> list.toArray();
            case null, default -> null;
        };
        if (elements == null) {
            return null;
        }
        var tensors = new Tensor[elements.length];
        for (int i = 0; i < tensors.length; i++) {
            if (!(elements[i] instanceof Tensor tensor) || !isPlain(tensor)) {
                return null;
            }
            tensors[i] = tensor;
        }
        return tensors;
    }

    /** Adds a value that {@link #refusal} let through to a call. */
    void put(Op.Call call, Object value) {
        if (value == null) {
            call.none();
            return;
        }
        boolean optional = isOptional();
        switch (kind()) {
            case "Tensor" -> {
                if (optional) {
                    call.optional((Tensor) value);
                } else {
                    call.tensor((Tensor) value);
                }
            }
            case "Tensor[]" -> call.tensors(tensors(value));
            case "str" -> {
                if (optional) {
                    call.presentString((String) value);
                } else {
                    call.string((String) value);
                }
            }
            case "int[]", "float[]", "bool[]" -> {
                if (optional) {
                    call.presentIntegers(cells(value));
                } else {
                    call.integers(cells(value));
                }
            }
            default -> {
                if (optional) {
                    call.optionalInteger(cell(value));
                } else {
                    call.integer(cell(value));
                }
            }
        }
    }

    /** The 64 bits by which the C ABI passes a value. */
    private long cell(Object value) {
        return switch (value) {
            case Boolean flag -> flag ? 1 : 0;
            case DType dtype -> dtype.code();
            case MemoryFormat format -> format.code();
            case Device device -> (long) device.kind().code() << 32 | device.index();
            case Number number when kind().equals("float") -> Double.doubleToRawLongBits(number.doubleValue());
            case Number number -> number.longValue();
            default -> throw new IllegalStateException(type + " " + value);
        };
    }

    private long[] cells(Object value) {
        return switch (value) {
            case long[] numbers -> numbers.clone();
            case int[] numbers -> Arrays.stream(numbers).asLongStream().toArray();
            case double[] numbers ->
                Arrays.stream(numbers).mapToLong(Double::doubleToRawLongBits).toArray();
            case boolean[] flags -> {
                var cells = new long[flags.length];
                for (int i = 0; i < cells.length; i++) {
                    cells[i] = flags[i] ? 1 : 0;
                }
                yield cells;
            }
            case Number number ->
                LongStream.generate(number::longValue).limit(length()).toArray();
            default -> throw new IllegalStateException(type + " " + value);
        };
    }
}
