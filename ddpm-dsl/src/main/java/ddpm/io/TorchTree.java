package ddpm.io;

import static ddpm.text.Untrusted.quote;

import ddpm.torch.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * Turns what a pickle built into plain, unmodifiable containers with the tensors in place. Refused are containers that
 * contain themselves, nesting deeper than any checkpoint's, and sharing by which a small file would unfold into
 * billions of values.
 */
final class TorchTree {
    private static final int MAX_DEPTH = 100;
    private static final long MAX_UNFOLDED = 8_000_000;

    /** A finished value, how deep it nests, and how many values it has when shared ones are counted at each place. */
    private record Done(Object value, int height, long unfolded) {}

    private static final Done BEING_MADE = new Done(null, 0, 0);

    private final Path file;
    private final TorchTensors tensors;
    private final Map<Object, Done> done = new IdentityHashMap<>();

    TorchTree(Path file, TorchTensors tensors) {
        this.file = file;
        this.tensors = tensors;
    }

    Object plain(Object root) throws IOException {
        return plain(root, 0).value();
    }

    private Done plain(Object raw, int depth) throws IOException {
        if (PickleReader.isScalar(raw) || raw instanceof DType || raw instanceof TorchFile.Complex) {
            return new Done(raw, 0, 1);
        }
        var known = done.get(raw);
        if (known == BEING_MADE) {
            throw new FileFormatException(file, "holds a container that contains itself, which is refused");
        }
        if (depth + (known == null ? 0 : known.height()) > MAX_DEPTH) {
            throw new FileFormatException(
                    file, "nests containers deeper than " + MAX_DEPTH + " levels, which is refused");
        }
        if (known == null) {
            done.put(raw, BEING_MADE);
            known = make(raw, depth);
            done.put(raw, known);
        }
        return known;
    }

    private Done make(Object raw, int depth) throws IOException {
        return switch (raw) {
            case TorchView view -> new Done(tensors.stored(view), 0, 1);
            case PickleTuple tuple -> sequence(tuple.items(), depth);
            case ArrayList<?> list -> sequence(list, depth);
            case LinkedHashSet<?> set ->
                new Done(Collections.unmodifiableSequencedSet(new LinkedHashSet<>(set)), 1, 1L + set.size());
            case LinkedHashMap<?, ?> dict -> dict(dict, depth);
            case TorchStorage storage ->
                throw new FileFormatException(
                        file, "holds storage " + quote(storage.key()) + " outside a tensor; save the tensor itself");
            default ->
                throw new FileFormatException(file, "holds a Python class or function as a value, which is refused");
        };
    }

    private Done sequence(List<?> items, int depth) throws IOException {
        var plain = new ArrayList<Object>(items.size());
        int height = 0;
        long unfolded = 1;
        for (var item : items) {
            var one = plain(item, depth + 1);
            plain.add(one.value());
            height = Math.max(height, one.height());
            unfolded = added(unfolded, one.unfolded());
        }
        return new Done(Collections.unmodifiableList(plain), height + 1, unfolded);
    }

    private Done dict(Map<?, ?> dict, int depth) throws IOException {
        var plain = new LinkedHashMap<Object, Object>();
        int height = 0;
        long unfolded = 1;
        for (var entry : dict.entrySet()) {
            var one = plain(entry.getValue(), depth + 1);
            plain.put(entry.getKey(), one.value());
            height = Math.max(height, one.height());
            unfolded = added(unfolded, one.unfolded());
        }
        return new Done(Collections.unmodifiableSequencedMap(plain), height + 1, unfolded);
    }

    private long added(long unfolded, long more) throws FileFormatException {
        long sum = unfolded + more; // both at most the limit, so no overflow
        if (sum > MAX_UNFOLDED) {
            throw new FileFormatException(
                    file, "unfolds into more than " + MAX_UNFOLDED + " values by sharing containers, which is refused");
        }
        return sum;
    }
}
