package ddpm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The folder of one training run; its checkpoints lie in {@code checkpoints/step-00012000}. */
public final class RunFolder {
    private static final String PREFIX = "step-";

    private final Path folder;

    /** @param folder made when the first checkpoint is written */
    public RunFolder(Path folder) {
        this.folder = folder;
    }

    public Path path() {
        return folder;
    }

    private Path checkpoints() {
        return folder.resolve("checkpoints");
    }

    /**
     * Writes a checkpoint and removes all but the newest {@code keep}.
     *
     * @param keep at least 1
     */
    public Checkpoint save(Trainer trainer, String dataset, int keep) throws IOException {
        if (keep < 1) {
            throw new IllegalArgumentException("checkpoints to keep: at least 1, not " + keep);
        }
        Files.createDirectories(checkpoints());
        var written = Checkpoint.write(
                checkpoints().resolve("%s%08d".formatted(PREFIX, trainer.step())), trainer, dataset);
        for (var old : newestFirst().stream().skip(keep).toList()) {
            Checkpoint.deleteTree(old);
        }
        return written;
    }

    /**
     * The newest checkpoint whose files are all there and whole.
     *
     * @param damaged hears of each newer one that was passed over, and why
     * @throws IOException if there are checkpoints but none is whole: a run is never silently started anew
     */
    public Optional<Checkpoint> newest(Consumer<String> damaged) throws IOException {
        var all = newestFirst();
        for (var candidate : all) {
            try {
                return Optional.of(Checkpoint.open(candidate));
            } catch (IOException e) {
                damaged.accept("skipping checkpoint " + candidate.getFileName() + ": " + e.getMessage());
            }
        }
        if (!all.isEmpty()) {
            throw new IOException("none of the " + all.size() + " checkpoints in " + checkpoints()
                    + " is whole; move them away to start anew, or restore one from a backup");
        }
        return Optional.empty();
    }

    private List<Path> newestFirst() throws IOException {
        if (!Files.isDirectory(checkpoints())) {
            return List.of();
        }
        try (var entries = Files.list(checkpoints())) {
            return entries.filter(entry -> entry.getFileName().toString().matches(PREFIX + "\\d+"))
                    .sorted(Comparator.comparing((Path entry) -> entry.getFileName().toString())
                            .reversed())
                    .toList();
        }
    }
}
