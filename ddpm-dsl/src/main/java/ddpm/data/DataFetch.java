package ddpm.data;

import static ddpm.text.Untrusted.quote;

import ddpm.io.WholeFile;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Fetches data sets from mirrors over HTTP. A file appears under its name only when it is whole and its checksum is
 * right; until then it is {@code NAME.part}, which a later call resumes.
 */
public final class DataFetch {
    private static final int ATTEMPTS_IN_VAIN = 4;
    private static final int WORTH_AN_ATTEMPT = 16 << 10;

    private final List<URI> mirrors;
    private final Duration pause;
    private final Duration patience;

    /** Told of bytes as they arrive, from the calling thread. */
    @FunctionalInterface
    public interface Progress {
        /**
         * @param name the file
         * @param bytes how many are on disk
         * @param total how many there will be, or -1 if the server does not say
         */
        void at(String name, long bytes, long total);
    }

    /**
     * @param mirrors folders on the web, each ending in {@code /}, tried in this order
     * @throws IllegalArgumentException if there are none or one is not an http(s) address ending in {@code /}
     */
    public DataFetch(List<URI> mirrors) {
        this(mirrors, Duration.ofSeconds(1), Duration.ofSeconds(60));
    }

    /** With half the pause after a failure (it doubles with each in vain) and how long a server may be silent. */
    DataFetch(List<URI> mirrors, Duration pause, Duration patience) {
        if (mirrors.isEmpty()) {
            throw new IllegalArgumentException("at least one mirror is needed");
        }
        for (URI mirror : mirrors) {
            if (!List.of("http", "https").contains(mirror.getScheme())
                    || !mirror.toString().endsWith("/")) {
                throw new IllegalArgumentException("a mirror is an http or https address ending in /, not " + mirror);
            }
        }
        this.mirrors = List.copyOf(mirrors);
        this.pause = pause;
        this.patience = patience;
    }

    /** Fetches what {@code folder} lacks of {@code set} from its public mirrors. See {@link #fetch(List, Path, Progress)}. */
    public static void fetch(PublicDataSet set, Path folder, Progress progress) throws IOException {
        new DataFetch(set.mirrors()).fetch(set.files(), folder, progress);
    }

    /**
     * Fetches those of {@code files} that {@code folder} (made if need be) does not hold yet.
     *
     * @throws DataException if a file cannot be had from any mirror, with each one's reason; or if the folder holds
     *     another file of that name, which is never overwritten
     * @throws InterruptedIOException if the thread is interrupted; what arrived is kept
     */
    public void fetch(List<RemoteFile> files, Path folder, Progress progress) throws IOException {
        Objects.requireNonNull(progress, "progress");
        Files.createDirectories(folder);
        try (var download = new Download(patience)) {
            for (RemoteFile file : files) {
                Path whole = folder.resolve(file.name());
                WholeFile.requireFile(whole);
                if (!Files.exists(whole)) {
                    fetch(file, whole, download, progress);
                } else if (!PartialFile.md5(whole).equals(file.md5())) {
                    throw new DataException(whole + " exists with MD5 " + PartialFile.md5(whole) + ", not " + file.md5()
                            + "; use it as it is, or move it away and fetch again");
                }
            }
        }
    }

    private void fetch(RemoteFile file, Path whole, Download download, Progress progress) throws IOException {
        try (var part = new PartialFile(whole)) {
            List<String> failures = new ArrayList<>();
            for (URI mirror : mirrors) {
                URI source = mirror.resolve(file.name());
                Optional<String> failure = fromMirror(file, source, part, download, progress);
                if (failure.isEmpty()) {
                    part.complete();
                    return;
                }
                failures.add(source + " " + failure.get());
            }
            String kept = part.size() == 0
                    ? ""
                    : "\nthe " + part.size() + " bytes in " + part.path() + " are resumed next time";
            throw new DataException("cannot fetch " + file.name() + ":\n  " + String.join("\n  ", failures) + kept
                    + "\ncheck the connection, or put the file into "
                    + whole.toAbsolutePath().getParent() + " by hand");
        }
    }

    /** Empty if the part is now the whole file, else why this mirror did not make it so. */
    private Optional<String> fromMirror(
            RemoteFile file, URI source, PartialFile part, Download download, Progress progress) throws IOException {
        String failure = "";
        // Attempts in vain are counted: a long file over a line that keeps breaking arrives in as many as it takes.
        for (int inVain = 0; inVain < ATTEMPTS_IN_VAIN; ) {
            long before = part.size();
            try {
                download.into(part.channel(), source, file.name(), progress);
            } catch (Download.RefusedException e) {
                return Optional.of(e.getMessage());
            } catch (DataException | ClosedChannelException e) {
                throw e; // the disk, or an interrupt while writing to it: no server can help
            } catch (IOException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                failure = "failed: " + quote(e.getMessage() == null ? e.toString() : e.getMessage());
                inVain = part.size() >= before + WORTH_AN_ATTEMPT ? 1 : inVain + 1;
                sleep(pause.multipliedBy(1L << inVain));
                continue;
            }
            String md5 = part.md5();
            if (md5.equals(file.md5())) {
                return Optional.empty();
            }
            part.channel().truncate(0);
            failure = "sent a file with MD5 " + md5 + ", not " + file.md5();
            if (before == 0) {
                break; // what this mirror has is another file; after a resumed part it may be the part that was
            }
        }
        return Optional.of(failure);
    }

    private static void sleep(Duration time) throws InterruptedIOException {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting to try again");
        }
    }
}
