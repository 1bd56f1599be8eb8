package ddpm.cli;

import ddpm.cli.console.Json;
import ddpm.data.ArrayImages;
import ddpm.data.FolderOptions;
import ddpm.data.ImageFolder;
import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.io.FileHash;
import ddpm.io.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;

/**
 * The images that a model draws to be measured: in memory, or kept in a folder, where the same command goes on after an end.
 *
 * @param run draws them
 * @param model the model's file, by whose content a folder's images are known to be its own
 * @param kept null for memory
 */
record DrawnImages(SampleRun run, Path model, Path kept) {
    /** Of the Java heap, for the images and one copy of them. */
    private static final int HEAP_SHARE = 4;

    private static final String DESCRIPTION = "drawn.json";

    /**
     * Checks what can be wrong before anything is drawn.
     *
     * @throws IllegalArgumentException if the images do not fit memory, or the folder holds others
     */
    static void check(SamplePlan plan, Path model, Path kept) throws IOException {
        long bytes = plan.card().images(plan.count()).numel();
        long most = Math.min(Integer.MAX_VALUE, Runtime.getRuntime().maxMemory() / HEAP_SHARE);
        if (kept == null && bytes > most) {
            throw new IllegalArgumentException("--keep-images is missing: " + plan.count() + " images take "
                    + bytes / 1_000_000 + " MB and at most " + most / 1_000_000
                    + " MB are held in memory; name a folder to keep them in");
        }
        if (kept == null || !Files.exists(kept)) {
            return;
        }
        var description = kept.resolve(DESCRIPTION);
        if (Files.isRegularFile(description)) {
            var theirs = Files.readString(description, StandardCharsets.UTF_8);
            if (!theirs.equals(description(plan, model))) {
                throw new IllegalArgumentException("--keep-images " + kept + ": holds images drawn otherwise, as "
                        + description + " tells; name another folder.\n  theirs: " + theirs.strip() + "\n  these:  "
                        + description(plan, model).strip());
            }
        } else if (!isEmpty(kept)) {
            throw new IllegalArgumentException("--keep-images " + kept
                    + ": holds other files; name a new folder, or measure them by --images " + kept);
        }
    }

    private static boolean isEmpty(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            return files.findAny().isEmpty();
        }
    }

    /** All that decides what is drawn. */
    private static String description(SamplePlan plan, Path model) throws IOException {
        var told = new LinkedHashMap<String, Object>(plan.remarksOfAll());
        told.remove("precision"); // the plan's may still be open
        told.put("count", plan.count());
        if (Files.isRegularFile(model)) {
            told.put("sha256", FileHash.of(model, "SHA-256"));
        }
        return Json.of(told) + "\n";
    }

    /** Draws what is missing and returns all of them. */
    ImageSet draw() throws IOException {
        var plan = run.plan();
        var card = plan.card();
        var shape = new ImageShape(card.network().inChannels(), card.height(), card.width());
        if (kept == null) {
            var memory = new SampleOutput.Memory();
            run.draw(memory, null);
            return ArrayImages.of("images of " + plan.model(), memory.levels(), shape);
        }
        WholeFile.write(kept.resolve(DESCRIPTION), description(plan, model).getBytes(StandardCharsets.UTF_8));
        run.draw(new SampleOutput.Folder(kept, 1, plan.remarks(), plan.classes()), null);
        var images = ImageFolder.open(kept, FolderOptions.of(shape));
        if (images.size() != plan.count()) {
            throw ExitCode.FAILED.because(
                    kept + " holds " + images.size() + " pictures, and " + plan.count()
                            + " were drawn; move the others away",
                    null);
        }
        return images;
    }
}
