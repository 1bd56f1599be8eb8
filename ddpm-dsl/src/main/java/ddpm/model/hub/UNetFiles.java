package ddpm.model.hub;

import static ddpm.text.Untrusted.quote;

import ddpm.model.ModelFolder;
import ddpm.model.Weights;
import ddpm.text.JsonException;
import ddpm.text.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The files of a repository that a UNet needs, and no others. */
final class UNetFiles {
    static final String INDEX = "model_index.json";

    private static final String CONFIG = "config.json";
    private static final String SCHEDULER = "scheduler_config.json";
    private static final List<String> PLACES = List.of("unet/", "");
    private static final String STEM = "diffusion_pytorch_model";

    /** One of these, the first that is there: what PyTorch's pickles hold comes after safetensors. */
    private static final List<String> WEIGHTS = List.of(
            STEM + ".safetensors",
            STEM + ".safetensors.index.json",
            STEM + ".bin",
            STEM + ".fp16.safetensors",
            STEM + ".fp16.bin");

    /** This library's own file, whose metadata hold all else. */
    private static final String OWN = "model.safetensors";

    private static final int LISTED = 12;

    private UNetFiles() {}

    /**
     * Chooses among the files of a repository; the weights come last.
     *
     * @throws HubException if there are none that could be a UNet's
     */
    static List<String> choose(HubId id, Collection<String> files) throws HubException {
        for (var place : PLACES) {
            for (var name : WEIGHTS) {
                if (files.contains(place + name)) {
                    return around(place, name, files);
                }
            }
        }
        if (files.contains(OWN)) {
            return List.of(OWN);
        }
        throw HubException.refused(id + " holds no UNet's weights (" + STEM + ".safetensors or .bin, at its root or in"
                + " unet/); it has "
                + (files.isEmpty()
                        ? "no files"
                        : new TreeSet<>(files)
                                .stream().limit(LISTED).map(f -> quote(f)).collect(Collectors.joining(", ")))
                + (files.size() > LISTED ? " and " + (files.size() - LISTED) + " more" : "")
                + "; name another model");
    }

    private static List<String> around(String place, String weights, Collection<String> files) {
        var chosen = new ArrayList<String>();
        var besides = List.of(INDEX, place + CONFIG, place.isEmpty() ? SCHEDULER : "scheduler/" + SCHEDULER);
        besides.stream().filter(files::contains).forEach(chosen::add);
        if (weights.endsWith(".index.json")) {
            files.stream()
                    .filter(file -> file.matches(place + STEM + "-\\d{1,6}-of-\\d{1,6}\\.safetensors"))
                    .sorted()
                    .forEach(chosen::add);
        }
        chosen.add(place + weights);
        return chosen;
    }

    /** Whether a snapshot, which another program may have begun, has all that it needs. */
    static boolean areWhole(Path snapshot) {
        try {
            var weights = ModelFolder.weightsFile(snapshot, Weights.EMA);
            if (weights.equals(snapshot.resolve(OWN))) {
                return Files.isRegularFile(weights);
            }
            var folder = weights.getParent();
            return Files.isRegularFile(folder.resolve(CONFIG))
                    && (!needsScheduler(snapshot) || hasScheduler(snapshot))
                    && (!weights.toString().endsWith(".index.json") || hasShards(weights));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean needsScheduler(Path snapshot) throws IOException {
        var index = snapshot.resolve(INDEX);
        return Files.isRegularFile(index)
                && JsonObject.parse("the index", Files.readString(index)).has("scheduler");
    }

    private static boolean hasScheduler(Path snapshot) {
        return Files.isRegularFile(snapshot.resolve(SCHEDULER))
                || Files.isRegularFile(snapshot.resolve("scheduler").resolve(SCHEDULER));
    }

    private static boolean hasShards(Path index) throws IOException {
        var json =
                JsonObject.parse("the index", Files.readString(index)).fields().get("weight_map");
        if (!(json instanceof java.util.Map<?, ?> map)) {
            throw new JsonException("the index has no weight_map");
        }
        return map.values().stream()
                .allMatch(shard -> Files.isRegularFile(index.resolveSibling(String.valueOf(shard))));
    }
}
