package ddpm.model;

import static ddpm.text.Untrusted.quote;

import java.util.HashSet;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What the labels of a conditional model mean.
 *
 * @param names of the classes: label {@code k} is {@code names.get(k)}; empty for a model that is told no labels
 * @param nullClass whether one further label, the last, stands for no class: the one that training put in the place of
 *     some labels, which classifier-free guidance needs
 */
public record Classes(List<String> names, boolean nullClass) {
    /** Of a model that is told no labels. */
    public static final Classes NONE = new Classes(List.of(), false);

    private static final int LONGEST_NAME = 255;
    private static final int LISTED = 12;

    public Classes {
        names = List.copyOf(names);
        if (nullClass && names.isEmpty()) {
            throw new IllegalArgumentException("a model without classes has no class for none");
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
     * The label of no class.
     *
     * @throws IllegalArgumentException if there is none
     */
    public int nullLabel() {
        if (!nullClass) {
            throw new IllegalArgumentException(
                    isEmpty()
                            ? "the model is told no classes"
                            : "the model has no class for none: tell it the class of every image, unguided");
        }
        return names.size();
    }

    /**
     * This model's labels of classes that images have, by name. A model that knows its classes by number alone takes them
     * in order.
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

    /** {@code 10 (0, 1, .., 9) and one for none}. */
    @Override
    public String toString() {
        return isEmpty() ? "none" : count() + " (" + list(names) + ")" + (nullClass ? " and one for none" : "");
    }

    private static String list(List<String> names) {
        return names.size() <= LISTED
                ? String.join(", ", names)
                : names.stream().limit(LISTED - 2).collect(Collectors.joining(", ")) + ", .., " + names.getLast();
    }
}
