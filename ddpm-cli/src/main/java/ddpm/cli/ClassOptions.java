package ddpm.cli;

import ddpm.model.Classes;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import picocli.CommandLine.Option;

/** Which of a conditional model's classes are drawn, and how insistently. */
final class ClassOptions {
    /** A comma outside of double quotes. */
    private static final Pattern COMMA = Pattern.compile(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)");

    private static final Pattern RANGE = Pattern.compile("([0-9]{1,9})-([0-9]{1,9})");

    @Option(
            names = "--class",
            paramLabel = "CLASS,..",
            description =
                    "Of a model with classes: by name or number from 0, several as 3,1,4 or 0-9, which images take"
                            + " in turn by their index; a name with commas in double quotes"
                            + " within the argument. Mixtures and images"
                            + " that share a latent are of one class (default: all in turn; of mixtures, shared latents and"
                            + " inpainted pictures, none).")
    private List<String> wanted;

    @Option(
            names = "--guidance",
            paramLabel = "W",
            description =
                    "Classifier-free guidance towards the class: 0 leaves it out, 1 is the plain model, more insists"
                            + " on it and varies less, at twice the time (default: 1).")
    private Double guidance;

    /**
     * The classes of images that take them in turn.
     *
     * @param classes the model's
     * @throws IllegalArgumentException for what the model does not have
     */
    ClassPlan plan(Classes classes) {
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
            wanted.stream()
                    .flatMap(argument -> COMMA.splitAsStream(argument))
                    .forEach(word -> cycle.addAll(labels(word.strip(), classes)));
        }
        return new ClassPlan(classes, List.copyOf(cycle), weight);
    }

    /** The class of images that share a latent or known pixels, or where nothing is chosen and the model can do without, no class. */
    ClassPlan planOfShared(Classes classes) {
        boolean ofNone = wanted == null && guidance == null && classes.nullClass();
        return ofNone ? new ClassPlan(classes, List.of(), 1) : plan(classes);
    }

    /** The one class of all mixtures of two pictures, or none. */
    ClassPlan planOfOne(Classes classes) {
        if (wanted == null && guidance != null) {
            throw new IllegalArgumentException("--guidance " + guidance + ": only with --class, on which it insists");
        }
        if (wanted == null && !classes.isEmpty() && !classes.nullClass()) {
            throw new IllegalArgumentException(
                    "--class is missing: this model was trained with --drop-class 0 and needs"
                            + " the class of every image; its classes are " + classes);
        }
        var plan = planOfShared(classes);
        if (plan.cycle().size() > 1) {
            throw new IllegalArgumentException(
                    "--class " + String.join(",", wanted) + ": one class, for all mixtures are of it");
        }
        return plan;
    }

    private static List<Integer> labels(String word, Classes classes) {
        if (word.length() > 2 && word.startsWith("\"") && word.endsWith("\"")) {
            var name = word.substring(1, word.length() - 1).replace("\"\"", "\"");
            return List.of(label(name, word, classes, false));
        }
        var range = RANGE.matcher(word);
        boolean isName = classes.names().contains(word);
        if (isName || !range.matches()) {
            if (isName && range.matches()) {
                throw new IllegalArgumentException("--class " + word + ": is the name of a class and a range; give the"
                        + " name in double quotes within the argument, or the classes of the range one by one");
            }
            return List.of(label(word, word, classes, true));
        }
        int from = Integer.parseInt(range.group(1));
        int to = Integer.parseInt(range.group(2));
        if (from > to || to - from >= classes.count()) {
            throw unknown(word, classes);
        }
        // Each as if it stood alone, so that 1-3 is 1,2,3 also where classes have numbers for names.
        var each = IntStream.rangeClosed(from, to).mapToObj(Integer::toString).toList();
        long names = each.stream().filter(classes.names()::contains).count();
        if (names != 0 && names != each.size()) {
            throw new IllegalArgumentException(
                    "--class " + word + ": some of these are names of classes and others only"
                            + " numbers; list them one by one. This model's classes are " + listed(classes));
        }
        return each.stream().map(one -> label(one, word, classes, true)).toList();
    }

    /** A class by name, or by number where none has that name. */
    private static int label(String text, String word, Classes classes, boolean orNumber) {
        int named = classes.names().indexOf(text);
        if (named >= 0) {
            return named;
        }
        if (orNumber && text.matches("[0-9]{1,9}") && Integer.parseInt(text) < classes.count()) {
            return Integer.parseInt(text);
        }
        throw unknown(word, classes);
    }

    private static IllegalArgumentException unknown(String word, Classes classes) {
        return new IllegalArgumentException("--class " + word + ": this model's classes are " + listed(classes)
                + "; give names, numbers 0.." + (classes.count() - 1) + " or a range of these");
    }

    private static String listed(Classes classes) {
        return new Classes(classes.names(), false).toString();
    }
}
