package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;

/**
 * Makes what a pickle asks the allowed {@link TorchGlobal names} for, and keeps the storages that it mentions. The
 * arguments are checked here: a pickle may put anything anywhere.
 */
final class TorchReduce {
    private static final int MAX_RANK = 64;
    private static final int LONGEST_DEVICE = 64;
    private static final int SET_ELEMENT = 64;
    /** Sizes, strides and shape, here and in the finished tensor. */
    private static final int BYTES_PER_DIMENSION = 64;

    private final Path file;
    private final Map<String, TorchStorage> storages = new LinkedHashMap<>();

    TorchReduce(Path file) {
        this.file = file;
    }

    /** The storages mentioned so far, by key. */
    Map<String, TorchStorage> storages() {
        return Collections.unmodifiableMap(storages);
    }

    /** @param in pays for what the call copies or looks at */
    Object call(TorchGlobal global, PickleTuple arguments, PickleInput in) throws FileFormatException {
        var given = new Arguments(file, global, arguments);
        return switch (global) {
            case ORDERED_DICT -> {
                given.require(arguments.size() == 0, "it must have no arguments");
                yield new LinkedHashMap<>();
            }
            case BYTES -> {
                given.require(arguments.size() == 0, "it must have no arguments");
                yield ByteBuffer.allocate(0).asReadOnlyBuffer();
            }
            case COUNTER -> arguments.size() == 0 ? new LinkedHashMap<>() : given.get(0, LinkedHashMap.class);
            case SET -> set(given, in);
            case COMPLEX -> new TorchFile.Complex(given.get(0, Double.class), given.get(1, Double.class));
            case ENCODE -> latin1(given, in);
            case BYTE_ARRAY -> byteArray(given, in);
            case SIZE -> new PickleTuple(given.get(0, PickleTuple.class).items());
            case DEVICE -> device(given, arguments.size());
            case REBUILD_TENSOR -> tensor(given, arguments.size(), in);
            case REBUILD_PARAMETER, REBUILD_PARAMETER_WITH_STATE -> given.get(0, TorchView.class);
            case LAYOUT -> given.get(0, String.class);
            case NUMPY_TYPE -> given.numpyType();
            case NUMPY_SCALAR -> given.get(0, NumpyType.class).scalar(given.get(1, ByteBuffer.class), in);
        };
    }

    /**
     * The storage that a persistent id {@code ("storage", type, key, location, numel)} names; legacy files add a sixth item, which
     * only PyTorch before 0.4 filled in. The location (a device) is of no concern here.
     */
    TorchStorage persistent(Object id, PickleInput in) throws FileFormatException {
        if (!(id instanceof PickleTuple pid)
                || pid.size() < 5
                || pid.size() > 6
                || !"storage".equals(pid.get(0))
                || !(pid.get(1) instanceof TorchGlobal.StorageType type)
                || !(pid.get(2) instanceof String key)
                || !(pid.get(3) instanceof String)
                || !(pid.get(4) instanceof Long numel)) {
            throw new FileFormatException(
                    file, "its pickle refers to something outside itself that is not a tensor's storage");
        }
        if (pid.size() == 6 && pid.get(5) != null) {
            throw new FileFormatException(
                    file, "was written by PyTorch before 0.4 (a view of a storage); load and save it with a newer one");
        }
        if (numel < 0 || numel > Long.MAX_VALUE / type.dtype().bytes()) {
            throw new FileFormatException(file, "storage " + quote(key) + " claims " + numel + " elements");
        }
        in.spend(key.length());
        var storage = new TorchStorage(key, type.dtype(), numel);
        var before = storages.putIfAbsent(key, storage);
        if (before != null && !before.equals(storage)) {
            throw new FileFormatException(
                    file,
                    "storage " + quote(key) + " is described twice: as " + before.numel() + " elements of "
                            + before.dtype() + " and as " + numel + " of " + type.dtype());
        }
        return storage;
    }

    /** {@code _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks[, metadata])}. */
    private TorchView tensor(Arguments given, int count, PickleInput in) throws FileFormatException {
        given.require(count == 6 || count == 7, "it must have 6 or 7 arguments");
        given.get(4, Boolean.class);
        for (int i = 5; i < count; i++) { // hooks are code, and metadata changes what the numbers mean
            given.require(
                    given.isNull(i) || given.get(i, LinkedHashMap.class).isEmpty(),
                    "hooks and metadata of a tensor must be empty");
        }
        var storage = given.get(0, TorchStorage.class);
        var sizes = given.longs(2);
        in.spend(storage.key().length() + (long) BYTES_PER_DIMENSION * sizes.length);
        try {
            return TorchView.of(storage, given.get(1, Long.class), sizes, given.longs(3));
        } catch (IllegalArgumentException impossible) {
            throw given.refused(impossible.getMessage());
        }
    }

    private static Object set(Arguments given, PickleInput in) throws FileFormatException {
        var items = given.get(0, ArrayList.class);
        var set = new LinkedHashSet<Object>();
        for (Object item : items) {
            given.require(PickleReader.isScalar(item), "elements of a set must be text or numbers");
            in.spend(SET_ELEMENT + length(item));
            set.add(item);
        }
        return set;
    }

    /** Protocol 2 has no bytes: Python writes them as text with one character for each byte. */
    private static ByteBuffer latin1(Arguments given, PickleInput in) throws FileFormatException {
        String text = given.get(0, String.class);
        in.spend(2L * text.length());
        String encoding = given.get(1, String.class);
        given.require(encoding.equals("latin1") || encoding.equals("latin-1"), "the encoding must be latin1");
        given.require(text.chars().allMatch(c -> c <= 0xff), "the text is not latin1");
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)).asReadOnlyBuffer();
    }

    /** {@code bytearray(bytes)}, or {@code bytearray(text, 'latin-1')} in protocol 2. */
    private static ByteBuffer byteArray(Arguments given, PickleInput in) throws FileFormatException {
        return switch (given.items().size()) {
            case 0 -> ByteBuffer.allocate(0).asReadOnlyBuffer();
            case 1 -> given.get(0, ByteBuffer.class);
            default -> latin1(given, in);
        };
    }

    /** How much of a value's text or bytes is looked at when it is a key. */
    static int length(Object value) {
        return switch (value) {
            case String text -> text.length();
            case ByteBuffer bytes -> bytes.remaining();
            case null, default -> 0;
        };
    }

    private static String device(Arguments given, int count) throws FileFormatException {
        String type = given.get(0, String.class);
        given.require(type.length() <= LONGEST_DEVICE, "a device has at most " + LONGEST_DEVICE + " characters");
        return count == 1 ? type : type + ":" + given.get(1, Long.class);
    }

    /** The arguments of one call, each checked for its type as it is taken. */
    private record Arguments(Path file, TorchGlobal global, PickleTuple items) {
        <T> T get(int i, Class<T> type) throws FileFormatException {
            require(i < items.size() && type.isInstance(items.get(i)), "argument " + i + " is not what it must be");
            return type.cast(items.get(i));
        }

        boolean isNull(int i) {
            return items.get(i) == null;
        }

        /** {@code dtype('f8', align, copy)}; the byte order follows by a BUILD. */
        NumpyType numpyType() throws FileFormatException {
            var type = NumpyType.of(get(0, String.class));
            if (type == null) {
                throw refused("of NumPy's types only booleans, whole numbers and fractions are read");
            }
            return type;
        }

        long[] longs(int i) throws FileFormatException {
            var tuple = get(i, PickleTuple.class);
            require(tuple.size() <= MAX_RANK, "a tensor has at most " + MAX_RANK + " dimensions");
            var longs = new long[tuple.size()];
            for (int d = 0; d < longs.length; d++) {
                require(tuple.get(d) instanceof Long, "sizes and strides must be whole numbers of 64 bits");
                longs[d] = (Long) tuple.get(d);
            }
            return longs;
        }

        void require(boolean holds, String otherwise) throws FileFormatException {
            if (!holds) {
                throw refused(otherwise);
            }
        }

        FileFormatException refused(String why) {
            return new FileFormatException(file, "a call of " + global + " is refused: " + why);
        }
    }
}
