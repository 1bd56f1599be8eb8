package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.data.DataException;
import ddpm.data.Examples;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The classes of a class-conditional model, by label.
 *
 * @param names of the classes: label {@code k} is {@code names.get(k)}; empty for an unconditional model
 * @param nullClass whether one further label, the last, is the null class: training puts it in the place of some labels,
 *     and classifier-free guidance needs it
 */
public record Classes(List<String> names, boolean nullClass) {
    /** The classes of an unconditional model. */
    public static final Classes NONE = new Classes(List.of(), false);

    private static final int LONGEST_NAME = 255;
    private static final int LISTED = 12;

    public Classes {
        names = List.copyOf(names);
        if (nullClass && names.isEmpty()) {
            throw new IllegalArgumentException("a model without classes has no null class");
        }
        if (new HashSet<>(names).size() < names.size()) {
            throw new IllegalArgumentException("classes are named once, not " + list(names));
        }
        for (var name : names) {
            if (name.isBlank() || name.length() > LONGEST_NAME || name.chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("a class has a name of 1 to " + LONGEST_NAME
                        + " characters without control characters, not " + quote(name));
            }
        }
    }

    /** {@code count} classes named 0, 1, 2, .. */
    public static Classes numbered(int count, boolean nullClass) {
        return new Classes(IntStream.range(0, count).mapToObj(Integer::toString).toList(), nullClass);
    }

    /** How many there are, the null class not counted. */
    public int count() {
        return names.size();
    }

    public boolean isEmpty() {
        return names.isEmpty();
    }

    /** How many labels the network tells apart: the classes and the null class. */
    public int labels() {
        return names.size() + (nullClass ? 1 : 0);
    }

    /**
     * The label of the null class.
     *
     * @throws IllegalArgumentException if there is none
     */
    public int nullLabel() {
        if (!nullClass) {
            throw new IllegalArgumentException(
                    isEmpty()
                            ? "the model is unconditional: it has no classes"
                            : "the model has no null class: name the class of every image, without guidance");
        }
        return names.size();
    }

    /**
     * This model's label of each image of a set.
     *
     * @return one label for each image, in the set's order; none at all for an unconditional model
     * @throws DataException if the images have no labels
     * @throws IllegalArgumentException if the images have a class that the model has not
     */
    public int[] labelsOf(Examples images) throws DataException {
        if (isEmpty()) {
            return new int[0];
        }
        var labels = images.labels();
        var ours = labelsOf(labels.classes());
        return IntStream.range(0, labels.size()).map(i -> ours[labels.at(i)]).toArray();
    }

    /**
     * This model's labels of a set's classes, matched by name. A model whose classes are only numbered takes them in order.
     *
     * @return for each of {@code theirs} the label here
     * @throws IllegalArgumentException naming the first class that is none of the model's
     */
    public int[] labelsOf(List<String> theirs) {
        if (equals(numbered(count(), nullClass)) && theirs.size() <= count()) {
            return IntStream.range(0, theirs.size()).toArray();
        }
        return theirs.stream()
                .mapToInt(name -> {
                    int label = names.indexOf(name);
                    if (label < 0) {
                        throw new IllegalArgumentException("the images have a class " + quote(name)
                                + ", and the model's classes are " + list(names));
                    }
                    return label;
                })
                .toArray();
    }

    /** For example {@code 10 (0, 1, .., 9) and the null class}. */
    @Override
    public String toString() {
        return isEmpty() ? "none" : count() + " (" + list(names) + ")" + (nullClass ? " and the null class" : "");
    }

    private static String list(List<String> names) {
        return names.size() <= LISTED
                ? String.join(", ", names)
                : names.stream().limit(LISTED - 2).collect(Collectors.joining(", ")) + ", .., " + names.getLast();
    }
}
