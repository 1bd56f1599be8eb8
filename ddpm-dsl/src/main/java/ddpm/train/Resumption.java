package ddpm.train;

import ddpm.data.DataException;
import ddpm.model.Classes;
import ddpm.model.ModelCard;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;

/** Whether a recipe continues what a checkpoint is of. */
final class Resumption {
    /** These alter no draw and no gradient, beyond rounding. */
    private static final Set<String> FREE = Set.of("steps", "threads", "accumulate");

    private Resumption() {}

    /**
     * @param card of the checkpoint's model
     * @return warnings
     * @throws RunMismatchException naming every difference that would make it another run
     * @throws DataException if the model is class-conditional and the recipe's images have no labels
     */
    static List<String> check(Checkpoint checkpoint, ModelCard card, Recipe recipe)
            throws RunMismatchException, DataException {
        var differences = new ArrayList<String>();
        differ(differences, "network", card.network(), recipe.card().network());
        differ(differences, "schedule", card.schedule(), recipe.card().schedule());
        differ(differences, "prediction", card.prediction(), recipe.card().prediction());
        differ(differences, "variance", card.variance(), recipe.card().variance());
        differ(differences, "classes", card.classes(), recipe.card().classes());
        differ(differences, "height", card.height(), recipe.card().height());
        differ(differences, "width", card.width(), recipe.card().width());
        differ(differences, "data (fingerprint of images and labels, loss)", checkpoint.dataset(), recipe.dataset());
        var before = flat(checkpoint.config());
        var now = flat(recipe.config());
        var keys = new TreeSet<>(before.keySet());
        keys.addAll(now.keySet());
        for (var key : keys) {
            if (!FREE.contains(key)) {
                differ(differences, key, before.get(key), now.get(key));
            }
        }
        if (!differences.isEmpty()) {
            throw new RunMismatchException(checkpoint.folder() + " is of another run: "
                    + String.join("; ", differences)
                    + ". Steps, threads, accumulation and all intervals may change on resumption, these may not: ask for"
                    + " what the run has, or start anew in another folder (with --init-from " + checkpoint.model()
                    + " to begin with its weights)");
        }
        if (checkpoint.step() > recipe.config().steps()) {
            throw new RunMismatchException(checkpoint.folder() + " has made " + checkpoint.step() + " steps, and only "
                    + recipe.config().steps() + " are asked for; ask for more, or start anew in another folder");
        }
        var warnings = new ArrayList<String>();
        for (var key : List.of("threads", "accumulate")) {
            if (!before.get(key).equals(now.get(key))) {
                warnings.add(
                        "warning: " + key + " was " + before.get(key) + " and is now " + now.get(key)
                                + ": the same run, but sums are rounded in another order, so weights differ in their last bits");
            }
        }
        return warnings;
    }

    /**
     * A model that knows no classes may begin one that does.
     *
     * @throws RunMismatchException if weights of this card are none for the recipe's network
     */
    static void checkWeights(Path file, ModelCard card, ModelCard recipes) throws RunMismatchException {
        var wanted =
                card.classes().isEmpty() && !recipes.classes().isEmpty() ? recipes.withClasses(Classes.NONE) : recipes;
        var differences = new ArrayList<String>();
        differ(differences, "network", card.network(), wanted.network());
        differ(differences, "schedule", card.schedule(), wanted.schedule());
        differ(differences, "prediction", card.prediction(), wanted.prediction());
        differ(differences, "classes", card.classes(), wanted.classes());
        if (!differences.isEmpty()) {
            throw new RunMismatchException(file + " cannot begin this run: " + String.join("; ", differences));
        }
    }

    private static void differ(List<String> differences, String what, Object before, Object now) {
        if (!Objects.equals(before, now)) {
            differences.add(what + " is " + before + " there and " + now + " here");
        }
    }

    /** {@code ema.decay=0.999}: one entry per number. */
    static Map<String, Object> flat(TrainConfig config) {
        var flat = new LinkedHashMap<String, Object>();
        flatten("", StateJson.config(config), flat);
        return flat;
    }

    private static void flatten(String prefix, Map<?, ?> json, Map<String, Object> into) {
        json.forEach((key, value) -> {
            if (value instanceof Map<?, ?> inner) {
                flatten(prefix + key + ".", inner, into);
            } else {
                into.put(prefix + key, value);
            }
        });
    }
}
