package ddpm.train;

import ddpm.io.FileFormatException;
import ddpm.io.WholeFile;
import ddpm.text.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * The folder of one training run.
 *
 * <pre>{@code
 * run.json                     what the run is a run of
 * metrics.jsonl                one line per logged step
 * model.safetensors            the newest EMA, what samplers load
 * report.html                  all of it to look at
 * events.out.tfevents.*        the same for TensorBoard
 * samples/step-00012000.png    drawn on the way, always from the same noise
 * checkpoints/step-00012000/   see Checkpoint
 * }</pre>
 */
public final class RunFolder {
    private static final String PREFIX = "step-";
    private static final Pattern CHECKPOINT = Pattern.compile(PREFIX + "\\d{1,18}");
    private static final Pattern GRID = Pattern.compile(PREFIX + "\\d{1,18}\\.png");
    private static final Pattern LEFTOVER = Pattern.compile("\\..*\\.part");

    private final Path folder;

    /** @param folder made when the first file is written */
    public RunFolder(Path folder) {
        this.folder = folder;
    }

    public Path path() {
        return folder;
    }

    public Path description() {
        return folder.resolve("run.json");
    }

    public Path metrics() {
        return folder.resolve("metrics.jsonl");
    }

    public Path model() {
        return folder.resolve("model.safetensors");
    }

    public Path report() {
        return folder.resolve("report.html");
    }

    public Path samples() {
        return folder.resolve("samples");
    }

    /** The sample grid of a step. */
    public Path samples(long step) {
        return samples().resolve(named(step) + ".png");
    }

    /** Digits are ASCII in every locale: the names are read again. */
    private static String named(long step) {
        return String.format(Locale.ROOT, "%s%08d", PREFIX, step);
    }

    /** Removes the grids of later steps, which a resumed run draws again. */
    void cutSamples(long step) throws IOException {
        for (var grid : entries(samples(), GRID)) {
            if (step(grid) > step) {
                Files.delete(grid);
            }
        }
    }

    /** Sample grids, oldest first. */
    List<Path> grids() throws IOException {
        return entries(samples(), GRID).stream()
                .sorted(Comparator.comparingLong(RunFolder::step))
                .toList();
    }

    public Path checkpoints() {
        return folder.resolve("checkpoints");
    }

    /** Removes what killed writers left behind; only for whoever holds the folder's lock. */
    void sweep() throws IOException {
        for (var place : List.of(folder, samples(), checkpoints())) {
            for (var leftover : entries(place, LEFTOVER)) {
                WholeFile.delete(leftover);
            }
        }
    }

    /**
     * Writes a checkpoint and removes all but the newest {@code keep} up to its step. Ones of later steps were damaged, or
     * the run would not stand here, and are removed as well.
     *
     * @param keep at least 1
     */
    public Checkpoint save(Trainer trainer, String dataset, int keep) throws IOException {
        if (keep < 1) {
            throw new IllegalArgumentException("checkpoints to keep: at least 1, not " + keep);
        }
        Files.createDirectories(checkpoints());
        var written = Checkpoint.write(checkpoints().resolve(named(trainer.step())), trainer, dataset);
        var kept = newestFirst().stream()
                .filter(entry -> step(entry) <= trainer.step())
                .limit(keep)
                .toList();
        for (var entry : newestFirst()) {
            if (!kept.contains(entry)) {
                WholeFile.delete(entry);
            }
        }
        return written;
    }

    /**
     * The newest checkpoint whose files are all there and whole.
     *
     * @param damaged takes a line for each newer one that was passed over, with the reason
     * @throws IOException if there are checkpoints but none is whole: a run is never silently started anew; or if one
     *     cannot be read, for an older one in its place would lose steps
     */
    public Optional<Checkpoint> newest(Consumer<String> damaged) throws IOException {
        var all = newestFirst();
        IOException last = null;
        for (var candidate : all) {
            try {
                return Optional.of(Checkpoint.open(candidate));
            } catch (FileFormatException e) {
                damaged.accept("skipping checkpoint " + candidate.getFileName() + ": " + e.getMessage());
                last = e;
            } catch (IOException e) {
                throw new IOException(
                        "checkpoint " + candidate + " cannot be read, and an older one would lose steps: "
                                + Reason.of(e),
                        e);
            }
        }
        if (last != null) {
            throw new IOException(
                    "none of the " + all.size() + " checkpoints in " + checkpoints()
                            + " is whole; move them away to start anew, or restore one from a backup. The oldest: "
                            + last.getMessage(),
                    last);
        }
        return Optional.empty();
    }

    /**
     * Requires that no results of an earlier run are here, before one begins.
     *
     * @throws IOException if there are; the message says what to do
     */
    void requireFresh() throws IOException {
        if (Files.exists(model())) {
            throw new IOException(model() + " is the result of a run whose checkpoints are gone, and a new run would"
                    + " replace it: put them back into " + checkpoints()
                    + " to resume that run, or name another folder;"
                    + " --init-from " + model() + " begins one there with its weights");
        }
    }

    /** Whether a run has been saved here, whole or not. */
    public boolean hasCheckpoints() throws IOException {
        return !newestFirst().isEmpty();
    }

    private List<Path> newestFirst() throws IOException {
        return entries(checkpoints(), CHECKPOINT).stream()
                .sorted(Comparator.comparingLong(RunFolder::step).reversed())
                .toList();
    }

    /** Which step a checkpoint or a grid is of, by its name. */
    static long step(Path entry) {
        var name = entry.getFileName().toString().replace(".png", "");
        return Long.parseLong(name.substring(PREFIX.length()));
    }

    private static List<Path> entries(Path folder, Pattern name) throws IOException {
        var found = new ArrayList<Path>();
        try (var entries = Files.list(folder)) {
            entries.filter(entry -> Files.isDirectory(entry) || Files.isRegularFile(entry))
                    .filter(entry ->
                            name.matcher(entry.getFileName().toString()).matches())
                    .forEach(found::add);
        } catch (NoSuchFileException | NotDirectoryException e) {
            return found; // one that cannot be read is no empty one, and thrown
        }
        return found;
    }
}
