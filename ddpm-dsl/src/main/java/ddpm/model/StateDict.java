package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.io.FileFormatException;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.torch.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;

/**
 * One network's tensors in a file that may hold several and more: those under a common prefix, by the rest of their
 * names.
 *
 * @param file where they are
 * @param prefix what stands before their names there: empty, or a path such as {@code 0.module.} with its last dot
 * @param tensors by name without the prefix, in the file's order
 */
record StateDict(TensorFile file, String prefix, SequencedMap<String, StoredTensor> tensors) {
    /** ermongroup/ddim saves the list [model, optimizer, epoch, step, ema]. */
    private static final String AVERAGE_IN_LIST = "4.";

    /** More than any trainer keeps; each tensor's name is compared with each. */
    private static final int MAX_SETS = 16;

    /**
     * The state dict with a tensor {@code marker}, or null if there is none.
     *
     * @throws FileFormatException if RAW weights are asked for and there is nothing but an average, or if there are more
     *     than 16 sets
     */
    static StateDict find(TensorFile file, String marker, Weights weights) throws FileFormatException {
        var prefixes = prefixes(file, marker);
        if (prefixes.isEmpty()) {
            return null;
        }
        if (prefixes.size() > MAX_SETS) {
            throw new FileFormatException(
                    file.path(),
                    "holds " + prefixes.size() + " tensors named " + quote(marker)
                            + ", each of a model of its own; at most " + MAX_SETS
                            + " are looked through: save the one model that is meant");
        }
        var averages = prefixes.stream().filter(StateDict::isAverage).toList();
        var others = prefixes.stream().filter(prefix -> !isAverage(prefix)).toList();
        if (weights == Weights.RAW && others.isEmpty()) {
            throw new FileFormatException(
                    file.path(),
                    "holds only averaged weights (" + quote(averages.getFirst())
                            + ") and the raw ones are asked for; ask for ema");
        }
        var wanted = weights == Weights.EMA && !averages.isEmpty() ? averages : others;
        return below(file, wanted.getFirst(), prefixes);
    }

    private static List<String> prefixes(TensorFile file, String marker) {
        var prefixes = new ArrayList<String>();
        for (var name : file.tensors().keySet()) {
            if (name.equals(marker) || name.endsWith("." + marker)) {
                prefixes.add(name.substring(0, name.length() - marker.length()));
            }
        }
        return prefixes;
    }

    /** {@code ema_model.}, {@code ema.}, {@code average.}, and in the list form the fifth. */
    private static boolean isAverage(String prefix) {
        var path = prefix.toLowerCase(Locale.ROOT);
        return path.startsWith(AVERAGE_IN_LIST)
                || (path.contains("ema") || path.contains("average") || path.contains("shadow"))
                        && !path.contains("online_model"); // ema_pytorch keeps the raw ones there
    }

    private static StateDict below(TensorFile file, String prefix, List<String> prefixes) {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        file.tensors().forEach((name, tensor) -> {
            boolean isOthers =
                    prefixes.stream().anyMatch(other -> other.length() > prefix.length() && name.startsWith(other));
            if (name.startsWith(prefix) && !isOthers) {
                tensors.put(name.substring(prefix.length()), tensor);
            }
        });
        return new StateDict(file, prefix, tensors);
    }

    /** The same without one tensor. */
    StateDict without(String name) {
        var rest = new LinkedHashMap<>(tensors);
        rest.remove(name);
        return new StateDict(file, prefix, rest);
    }

    boolean has(String name) {
        return tensors.containsKey(name);
    }

    /** How many of {@code before0after, before1after, ...} there are, from 0 without a gap. */
    int count(String before, String after) {
        int count = 0;
        while (has(before + count + after)) {
            count++;
        }
        return count;
    }

    /** @throws IllegalArgumentException if there is no such tensor or it has another rank */
    Shape shape(String name, int rank) {
        var tensor = tensors.get(name);
        if (tensor == null || tensor.shape().rank() != rank) {
            throw new IllegalArgumentException(name + " is "
                    + (tensor == null ? "missing" : tensor.shape().toString()) + ", not a tensor of rank " + rank);
        }
        return tensor.shape();
    }

    /**
     * The output channels of a convolution over those of another, which must be a whole number.
     *
     * @throws IllegalArgumentException if it is not
     */
    int multiplier(String convolution, int base) {
        long width = shape(convolution, 4).size(0);
        if (base == 0 || width == 0 || width % base != 0) {
            throw new IllegalArgumentException(
                    convolution + " is " + width + " wide, which is no multiple of the base width " + base);
        }
        return Math.toIntExact(width / base);
    }

    /** The names of all tensors with their shapes. */
    SequencedMap<String, Shape> shapes() {
        var shapes = new LinkedHashMap<String, Shape>();
        tensors.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return shapes;
    }

    /** Which weights of the file these are, in words. */
    String describe() {
        if (prefix.isEmpty()) {
            return "the file's only weights";
        }
        return (isAverage(prefix) ? "the average" : "the weights") + " under " + quote(prefix) + " in the file";
    }
}
