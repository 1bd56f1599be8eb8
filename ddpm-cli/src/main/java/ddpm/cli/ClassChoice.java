package ddpm.cli;

import ddpm.model.Classes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** Which of a conditional model's classes are drawn, and how insistently. */
final class ClassChoice {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})-(\\d{1,9})");

    @Option(
            names = "--class",
            paramLabel = "CLASS,..",
            split = ",",
            description =
                    "Of a model with classes: by name or number from 0, several as 3,1,4 or 0-9, which images take in"
                            + " turn by their index (default: all; with --share-from the model is told none).")
    private List<String> wanted;

    @Option(
            names = "--guidance",
            paramLabel = "W",
            description =
                    "Of a model with classes: classifier-free guidance; 0 leaves the class out, 1 is the plain model,"
                            + " more insists on the class and varies less, at twice the time (default: 1).")
    private Double guidance;

    /**
     * @param classes the model's
     * @throws IllegalArgumentException for what the model does not have
     */
    ClassPlan plan(Classes classes) {
        return plan(classes, wanted, guidance);
    }

    /** The same for images that share a latent, which is of one class or, where nothing is chosen, of none. */
    ClassPlan planOfShared(Classes classes) {
        boolean ofNone = wanted == null && guidance == null && classes.nullClass();
        return ofNone ? new ClassPlan(classes, List.of(), 1) : plan(classes);
    }

    /** The same for choices of another option. */
    static ClassPlan plan(Classes classes, List<String> wanted, Double guidance) {
        if (classes.isEmpty() && (wanted != null || guidance != null)) {
            throw new IllegalArgumentException(
                    (wanted != null ? "--class " + String.join(",", wanted) : "--guidance " + guidance)
                            + ": this model has no classes; leave it out, or train one with --classes");
        }
        double weight = guidance == null ? 1 : guidance;
        if (!(weight >= 0) || weight == Double.POSITIVE_INFINITY) {
            throw new IllegalArgumentException("--guidance " + guidance + ": a number of at least 0; 1 is none");
        }
        if (weight != 1 && !classes.nullClass()) {
            throw new IllegalArgumentException("--guidance " + guidance + ": only 1 with this model, which has no class"
                    + " for none; train one with --classes and without --drop-class 0");
        }
        var cycle = new ArrayList<Integer>();
        if (wanted == null) {
            IntStream.range(0, classes.count()).forEach(cycle::add);
        } else {
            wanted.forEach(text -> cycle.addAll(labels(text.strip(), classes)));
        }
        return new ClassPlan(classes, List.copyOf(cycle), weight);
    }

    /** A name before all else, as a class may be called 7 or 1-2. */
    private static List<Integer> labels(String text, Classes classes) {
        int named = classes.names().indexOf(text);
        if (named >= 0) {
            return List.of(named);
        }
        var range = RANGE.matcher(text.matches("\\d{1,9}") ? text + "-" + text : text);
        if (range.matches()) {
            int from = Integer.parseInt(range.group(1));
            int to = Integer.parseInt(range.group(2));
            if (from <= to && to < classes.count()) {
                return IntStream.rangeClosed(from, to).boxed().toList();
            }
        }
        throw new IllegalArgumentException("--class " + text + ": this model's classes are "
                + new Classes(classes.names(), false) + "; give names, numbers 0.." + (classes.count() - 1)
                + " or a range of these");
    }
}
