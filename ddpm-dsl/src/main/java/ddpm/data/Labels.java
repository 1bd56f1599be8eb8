package ddpm.data;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;

/** The class of every image of a set. Immutable. */
public final class Labels {
    private final List<String> classes;
    private final int[] labels;

    /**
     * @param classes names, each once; label {@code k} stands for {@code classes.get(k)}
     * @param labels of images 0, 1, 2, ..
     */
    public Labels(List<String> classes, int... labels) {
        this.classes = List.copyOf(classes);
        this.labels = labels.clone();
        if (new HashSet<>(classes).size() < classes.size()) {
            throw new IllegalArgumentException("classes are named once, not " + classes);
        }
        for (int label : labels) {
            Objects.checkIndex(label, classes.size());
        }
    }

    /** The names, in the order of labels. */
    public List<String> classes() {
        return classes;
    }

    /** The number of images. */
    public int size() {
        return labels.length;
    }

    /** The label of image {@code image}, 0 to {@code classes().size() - 1}. */
    public int at(int image) {
        return labels[image];
    }

    /** 32 hexadecimal digits that are equal for equal classes of as many images in the same order. */
    public String fingerprint() {
        var print = new Fingerprint("labels of " + labels.length);
        classes.forEach(print::add);
        byte[] bytes = new byte[4];
        for (int label : labels) {
            for (int i = 0; i < 4; i++) {
                bytes[i] = (byte) (label >>> 8 * i);
            }
            print.add(bytes);
        }
        return print.hex();
    }
}
