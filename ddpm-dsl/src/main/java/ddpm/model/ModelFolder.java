package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Finds the file with the weights in a folder with a model: of diffusers, or a checkpoint of this library's trainer. */
public final class ModelFolder {
    /** As this library's checkpoints name the averaged and the raw weights. */
    private static final String OWN_AVERAGE = "model.safetensors";

    private static final String OWN_RAW = "raw.safetensors";

    /** Where diffusers keeps the UNet: trainers its average, pipelines under unet/, the first models at the root. */
    private static final List<String> EMA_PLACES = List.of("unet_ema", "unet", "");

    private static final List<String> RAW_PLACES = List.of("unet", "");

    private static final List<String> NAMES = List.of(
            DiffusersFolder.WEIGHTS,
            "diffusion_pytorch_model" + Safetensors.INDEX_SUFFIX,
            "diffusion_pytorch_model.bin",
            "diffusion_pytorch_model.fp16.safetensors",
            "diffusion_pytorch_model.fp16.bin");

    private static final int LISTED = 12;

    private ModelFolder() {}

    /**
     * @throws FileFormatException if there is none; the message says what was looked for and what there is
     */
    public static Path weightsFile(Path folder, Weights weights) throws IOException {
        var candidates = new ArrayList<Path>();
        for (var place : weights == Weights.EMA ? EMA_PLACES : RAW_PLACES) {
            for (var name : NAMES) {
                candidates.add(folder.resolve(place).resolve(name));
            }
        }
        if (weights == Weights.RAW) {
            candidates.add(folder.resolve(OWN_RAW));
        }
        candidates.add(folder.resolve(OWN_AVERAGE));
        for (var candidate : candidates) {
            if (Files.exists(candidate)) {
                return candidate;
            }
        }
        throw new FileFormatException(
                folder,
                "is a folder without a model: there is neither " + DiffusersFolder.WEIGHTS
                        + " or .bin, here or in unet/, nor " + OWN_AVERAGE + "; it has " + contents(folder)
                        + ". Name the folder with the weights, or the file");
    }

    private static String contents(Path folder) throws IOException {
        try (var entries = Files.list(folder)) {
            var names = entries.map(entry -> quote(entry.getFileName() + (Files.isDirectory(entry) ? "/" : "")))
                    .sorted()
                    .toList();
            return names.isEmpty()
                    ? "nothing in it"
                    : names.stream().limit(LISTED).collect(Collectors.joining(", "))
                            + (names.size() > LISTED ? " and " + (names.size() - LISTED) + " more" : "");
        }
    }
}
