package ddpm.model;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.FileBytes;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.io.WholeFile;
import ddpm.nn.UNetConfig;
import ddpm.text.JsonObject;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Folders of Hugging Face's diffusers: a UNet2DModel's weights, its {@code config.json}, a {@code scheduler_config.json}
 * and a {@code model_index.json} that joins them, all in one folder or under {@code unet/} and {@code scheduler/}.
 */
public final class DiffusersFolder {
    /** The name of the file with the weights. */
    public static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

    /** The release whose fields are written. */
    static final String VERSION = "0.30.3";

    private static final String INDEX = "model_index.json";

    /** Metadata of the weights that diffusers does not look at: it numbers labels and knows nothing of their meaning. */
    private static final String CLASSES = "ddpm.classes";

    /** Attention layers before diffusers 0.14. */
    private static final Map<String, String> EARLY_LAYERS =
            Map.of("to_q", "query", "to_k", "key", "to_v", "value", "to_out.0", "proj_attn");

    private DiffusersFolder() {}

    /** Reads what stands beside a file of weights. */
    static StoredModel read(StateDict weights) throws IOException {
        var file = weights.file().path().toAbsolutePath();
        var config = file.resolveSibling(DiffusersUNet.FILE);
        if (!Files.exists(config)) {
            throw new FileFormatException(
                    weights.file().path(),
                    "holds the weights of a UNet2DModel, whose shape is in a " + DiffusersUNet.FILE
                            + " that is not beside it; fetch that into the same folder");
        }
        requireUnconditional(file);
        var unet = DiffusersUNet.read(config);
        var notes = new LinkedHashMap<String, String>();
        notes.put("source", "a UNet2DModel of diffusers");
        notes.putAll(unet.notes());
        var at = schedulerFile(file);
        if (at == null) {
            notes.put("assumed", "T = 1000, linear betas: there is no " + DiffusersScheduler.FILE);
        }
        var scheduler = at == null ? DiffusersScheduler.defaults() : DiffusersScheduler.read(at);
        var classes = weights.file().metadata().get(CLASSES);
        var card = new ModelCard(
                unet.network(),
                scheduler.schedule(),
                scheduler.prediction(),
                scheduler.variance(),
                scheduler.clip(),
                unet.height(),
                unet.width(),
                notes,
                classes == null
                        ? Classes.numbered(unet.network().labels(), false)
                        : CardJson.readClasses(file, classes));
        boolean isEarly = weights.has("mid_block.attentions.0.query.weight");
        return new StoredModel(ModelLayout.DIFFUSERS, card, weights, name -> theirs(name, isEarly));
    }

    /** Our names are today's names of diffusers; early files call the attention's layers otherwise. */
    private static String theirs(String ours, boolean isEarly) {
        if (isEarly) {
            for (var layer : EARLY_LAYERS.entrySet()) {
                var today = "." + layer.getKey() + ".";
                if (ours.contains(today)) {
                    return ours.replace(today, "." + layer.getValue() + ".");
                }
            }
        }
        return ours;
    }

    /** Beside the weights, or where pipelines keep it. */
    private static Path schedulerFile(Path weights) {
        var candidates = List.of(
                weights.resolveSibling(DiffusersScheduler.FILE),
                weights.getParent().resolveSibling("scheduler").resolve(DiffusersScheduler.FILE));
        return candidates.stream().filter(Files::exists).findFirst().orElse(null);
    }

    /** A pipeline with further parts, such as an autoencoder, does something with the UNet that we do not. */
    private static void requireUnconditional(Path weights) throws IOException {
        for (var index :
                List.of(weights.resolveSibling(INDEX), weights.getParent().resolveSibling(INDEX))) {
            if (!Files.exists(index)) {
                continue;
            }
            FileBytes.readJson(index, "the index", DiffusersFolder::requireUNetAlone);
        }
    }

    private static Void requireUNetAlone(JsonObject json) {
        for (var part : json.fields().keySet()) {
            boolean isOurs = part.startsWith("_") || part.equals("unet") || part.equals("scheduler");
            if (!isOurs && !json.isNothing(part)) {
                throw json.bad(
                        part,
                        "is a part of this pipeline (" + json.text("_class_name", "of no name")
                                + "); supported are a unet and a scheduler alone, as a DDPMPipeline has");
            }
        }
        return null;
    }

    /**
     * Writes a model as a folder that diffusers' {@code DDPMPipeline.from_pretrained} loads, whole or not at all. What the
     * card's notes say is lost: diffusers has no place for it.
     *
     * @param folder not there yet
     * @param tensors the model's, under this library's names
     * @throws IllegalArgumentException if diffusers has no such network, prediction or embedding; the message names it
     * @throws FileAlreadyExistsException if something is there
     * @throws IOException if it cannot be written
     */
    public static void write(Path folder, ModelCard card, Map<String, StoredTensor> tensors) throws IOException {
        if (!(card.network() instanceof UNetConfig network)) {
            throw new IllegalArgumentException("diffusers has no network like " + card.network()
                    + ": only models of the paper's UNet can be written for it");
        }
        var unet = new DiffusersUNet(network, card.height(), card.width(), Map.of()).json();
        var scheduler = new DiffusersScheduler(card.schedule(), card.prediction(), card.variance(), card.clip()).json();
        var index = new LinkedHashMap<String, Object>();
        index.put("_class_name", "DDPMPipeline");
        index.put("_diffusers_version", VERSION);
        index.put("scheduler", List.of("diffusers", "DDPMScheduler"));
        index.put("unet", List.of("diffusers", "UNet2DModel"));

        var target = folder.toAbsolutePath().normalize();
        if (Files.exists(target)) {
            throw new FileAlreadyExistsException(folder.toString(), null, "is there already; name a new folder");
        }
        WholeFile.folder(target, into -> {
            var metadata = new LinkedHashMap<>(Map.of("format", "pt"));
            if (!card.classes().isEmpty()) {
                metadata.put(CLASSES, CardJson.write(card.classes()));
            }
            Safetensors.write(into.resolve(WEIGHTS), tensors, metadata);
            write(into.resolve(DiffusersUNet.FILE), unet);
            write(into.resolve(DiffusersScheduler.FILE), scheduler);
            write(into.resolve(INDEX), index);
        });
    }

    private static void write(Path file, Map<String, Object> json) throws IOException {
        var text = JSON.std
                        .with(JSON.Feature.PRETTY_PRINT_OUTPUT, JSON.Feature.WRITE_NULL_PROPERTIES)
                        .asString(json)
                + "\n";
        WholeFile.write(file, text);
    }
}
