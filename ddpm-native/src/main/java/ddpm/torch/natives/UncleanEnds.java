package ddpm.torch.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Marks of processes that use a folder of unpacked libraries: empty files {@code <folder>.used-by-<pid>} beside it, which
 * a process removes when it ends in order. The mark of a process that is no longer there says that it was killed or that
 * a library brought it down.
 */
final class UncleanEnds {
    private static final String MARK = ".used-by-";

    /** How exactly the start of a process is known. */
    private static final Duration CLOCK = Duration.ofSeconds(2);

    private UncleanEnds() {}

    /** Marks this process as a user of the folder until it ends; does nothing where the cache is read-only. */
    static void markUntilTheEnd(Path folder) {
        var mark = folder.resolveSibling(
                folder.getFileName() + MARK + ProcessHandle.current().pid());
        try {
            Files.write(mark, new byte[0]);
        } catch (IOException e) {
            return;
        }
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(() -> remove(mark)));
    }

    /** Whether a process that is gone has left its mark. */
    static boolean areMarkedAt(Path folder) {
        return !marks(folder).isEmpty();
    }

    /** Removes the marks of processes that are gone. */
    static void forget(Path folder) {
        marks(folder).forEach(UncleanEnds::remove);
    }

    private static List<Path> marks(Path folder) {
        var prefix = folder.getFileName() + MARK;
        try (var files = Files.list(folder.getParent())) {
            return files.filter(file -> file.getFileName().toString().startsWith(prefix))
                    .filter(file -> isGone(file.getFileName().toString().substring(prefix.length()), file))
                    .toList();
        } catch (IOException e) {
            return List.of(); // no cache yet
        }
    }

    /** A live process that has the number but not the age is another one, as number 1 always is in a container. */
    private static boolean isGone(String number, Path mark) {
        try {
            long pid = Long.parseLong(number);
            if (pid == ProcessHandle.current().pid()) {
                return true; // this one has not marked anything yet
            }
            var marked = Files.getLastModifiedTime(mark).toInstant();
            return ProcessHandle.of(pid)
                    .map(process -> process.info()
                            .startInstant()
                            .filter(start -> start.isAfter(marked.plus(CLOCK)))
                            .isPresent())
                    .orElse(true);
        } catch (NumberFormatException | IOException e) {
            return false; // not a mark of ours, or gone just now
        }
    }

    private static void remove(Path mark) {
        try {
            Files.deleteIfExists(mark);
        } catch (IOException e) {
            // It costs the next start a comparison, nothing else.
        }
    }
}
