package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.io.FileFormatException;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.torch.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One network's tensors in a file that may hold several and more: those under a common prefix, by the rest of their
 * names.
 *
 * @param file where they are
 * @param prefix what stands before their names there: empty, or a path such as {@code 0.module.} with its last dot
 * @param average whether the prefix says that they are an average
 * @param tensors by name without the prefix, in the file's order
 */
record StateDict(TensorFile file, String prefix, boolean average, SequencedMap<String, StoredTensor> tensors) {
    /** More than any trainer keeps; each tensor's name is compared with each. */
    private static final int MAX_SETS = 16;

    /** Words of a path that name an average, such as {@code model_ema} and {@code shadow_params} have them. */
    private static final Set<String> AVERAGE = Set.of("ema", "average", "averaged", "shadow", "swa");

    /** Words that deny it: {@code non_ema}, and {@code online_model}, where ema_pytorch keeps the raw weights. */
    private static final Set<String> RAW = Set.of("non", "no", "not", "without", "raw", "online");

    private static final Pattern BETWEEN_WORDS = Pattern.compile("[^a-z0-9]+");

    /** All sets that have a tensor {@code marker}, in the file's order. */
    static List<StateDict> all(TensorFile file, String marker) throws FileFormatException {
        var prefixes = file.tensors().keySet().stream()
                .filter(name -> name.equals(marker) || name.endsWith("." + marker))
                .map(name -> name.substring(0, name.length() - marker.length()))
                .toList();
        if (prefixes.size() > MAX_SETS) {
            throw new FileFormatException(
                    file.path(),
                    "holds " + prefixes.size() + " tensors named " + quote(marker)
                            + ", each of a model of its own; at most " + MAX_SETS
                            + " are looked through: save the one model that is meant");
        }
        return prefixes.stream().map(prefix -> below(file, prefix, prefixes)).toList();
    }

    /**
     * The set that is asked for.
     *
     * @throws FileFormatException if the average is asked for and the file holds one that cannot be used, or the raw weights
     *     and there is nothing but an average
     */
    static StateDict find(TensorFile file, String marker, Weights weights) throws FileFormatException {
        var sets = all(file, marker);
        boolean wanted = weights == Weights.EMA;
        var found = sets.stream().filter(set -> set.average() == wanted).findFirst();
        if (found.isPresent()) {
            return found.get();
        }
        if (weights == Weights.RAW) {
            throw new FileFormatException(
                    file.path(),
                    "holds only averaged weights (" + quote(sets.getFirst().prefix())
                            + ") and the raw ones are asked for; ask for ema");
        }
        var unnamed = file.tensors().keySet().stream()
                .filter(name -> isAverage(name.substring(0, name.lastIndexOf('.') + 1)))
                .findFirst();
        if (unnamed.isPresent()) {
            throw new FileFormatException(
                    file.path(),
                    "holds an average that cannot be used: " + quote(unnamed.get()) + " and its neighbours do not have"
                            + " the network's names; ask for raw, or save the average as a state dict");
        }
        return sets.getFirst();
    }

    private static boolean isAverage(String path) {
        boolean average = false;
        for (var word : BETWEEN_WORDS.split(path.toLowerCase(Locale.ROOT))) {
            if (RAW.contains(word)) {
                return false;
            }
            average |= AVERAGE.contains(word);
        }
        return average;
    }

    /** By its name; in the list [model, optimizer, epoch, step, ema] of ermongroup/ddim by its place. */
    private static boolean isAverage(String prefix, List<String> prefixes) {
        return isAverage(prefix)
                || prefix.startsWith("4.") && prefixes.stream().anyMatch(other -> other.startsWith("0."));
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
        return new StateDict(file, prefix, isAverage(prefix, prefixes), tensors);
    }

    /** These tensors but one. */
    StateDict without(String name) {
        var rest = new LinkedHashMap<>(tensors);
        rest.remove(name);
        return new StateDict(file, prefix, average, rest);
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

    /** The output channels of a convolution. */
    int width(String convolution) {
        return Math.toIntExact(shape(convolution, 4).size(0));
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
        return (average ? "the average" : "the weights") + " under " + quote(prefix) + " in the file";
    }
}
