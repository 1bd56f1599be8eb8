package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.nio.file.Path;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** A tree of containers as flat maps, names joined by dots; lists count from 0. */
final class FlatTree {
    /**
     * A container that stands at many places is named at each, and a long key above many entries is repeated in each of
     * their names; this many bytes of names are free, and so many for each byte of the file.
     */
    private static final long FREE = 16 << 20;

    private static final long PER_BYTE = 16;
    private static final int ENTRY = 128;

    private final Path file;
    private final SequencedMap<String, StoredTensor> tensors = new LinkedHashMap<>();
    private final SequencedMap<String, Object> values = new LinkedHashMap<>();
    private final Map<Object, Boolean> holdsTensors = new IdentityHashMap<>();
    private long allowance;

    private FlatTree(Path file, long fileBytes) {
        this.file = file;
        this.allowance = FREE + PER_BYTE * fileBytes;
    }

    /**
     * @param root as {@link TorchFile} describes
     * @throws FileFormatException if two leaves get one name, e.g. of {@code {"a.b": 1, "a": {"b": 2}}}
     */
    static FlatTree of(Path file, long fileBytes, Object root) throws FileFormatException {
        var flat = new FlatTree(file, fileBytes);
        flat.add("", root);
        return flat;
    }

    SequencedMap<String, StoredTensor> tensors() {
        return tensors;
    }

    /** Leaves that are no tensors; a list without tensors is one value, so that {@code betas} stays {@code [0.9, 0.999]}. */
    SequencedMap<String, Object> values() {
        return values;
    }

    private void add(String name, Object node) throws FileFormatException {
        switch (node) {
            case StoredTensor tensor -> put(tensors, name, tensor);
            case Map<?, ?> map
            when !map.isEmpty() -> {
                for (var entry : map.entrySet()) {
                    add(joined(name, String.valueOf(entry.getKey())), entry.getValue());
                }
            }
            case List<?> list
            when holdsTensors(list) -> {
                for (int i = 0; i < list.size(); i++) {
                    add(joined(name, Integer.toString(i)), list.get(i));
                }
            }
            case null, default -> put(values, name, node);
        }
    }

    private boolean holdsTensors(Object node) {
        return switch (node) {
            case StoredTensor tensor -> true;
            case Map<?, ?> map -> anyTensors(map, map.values());
            case List<?> list -> anyTensors(list, list);
            case null, default -> false;
        };
    }

    /** Remembered for each container, as shared and nested ones are asked about again and again. */
    private boolean anyTensors(Object container, Collection<?> items) {
        var known = holdsTensors.get(container);
        if (known == null) {
            known = items.stream().anyMatch(this::holdsTensors);
            holdsTensors.put(container, known);
        }
        return known;
    }

    private static String joined(String name, String key) {
        return name.isEmpty() ? key : name + "." + key;
    }

    private <T> void put(Map<String, T> leaves, String name, T leaf) throws FileFormatException {
        allowance -= ENTRY + name.length();
        if (allowance < 0) {
            throw new FileFormatException(
                    file, "unfolds into more names than a file of its size has any use for, by sharing containers");
        }
        if (tensors.containsKey(name) || values.containsKey(name)) {
            throw new FileFormatException(
                    file,
                    "holds two things that are both named " + quote(name) + " when nested names are joined by dots");
        }
        leaves.put(name, leaf);
    }
}
