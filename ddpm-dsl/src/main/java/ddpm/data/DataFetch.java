package ddpm.data;

import static ddpm.text.Untrusted.quote;

import ddpm.http.DiskException;
import ddpm.http.Download;
import ddpm.http.Network;
import ddpm.http.Progress;
import ddpm.http.RefusedException;
import ddpm.http.Web;
import ddpm.io.FileHash;
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
import java.util.Map;
import java.util.Objects;

/**
 * Fetches data sets from mirrors over HTTP. A file appears under its name only when it is whole and its checksum is
 * right; until then it is {@code NAME.part}, which a later call resumes.
 */
public final class DataFetch {
    /** More than any of the data sets. */
    private static final long MOST_BYTES = 1L << 30;

    private final List<URI> mirrors;
    private final Network network;
    private final Duration pause;
    private final Duration patience;

    /**
     * @param mirrors folders on the web, each ending in {@code /}, tried in this order
     * @throws IllegalArgumentException if there are none or one is not an http(s) address ending in {@code /}, or if
     *     the environment names an unusable proxy
     */
    public DataFetch(List<URI> mirrors) {
        this(mirrors, Network.of(System.getenv()), Duration.ofSeconds(1), Duration.ofSeconds(60));
    }

    /** With the network, half the pause after a failure (it doubles with each in vain) and how long a server may be silent. */
    DataFetch(List<URI> mirrors, Network network, Duration pause, Duration patience) {
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
        this.network = network;
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
        try (var web = new Web(network, patience)) {
            var download = new Download(web, pause, MOST_BYTES);
            for (RemoteFile file : files) {
                Path whole = folder.resolve(file.name());
                WholeFile.requireFile(whole);
                if (!Files.exists(whole)) {
                    fetch(file, whole, download, progress);
                    continue;
                }
                var found = FileHash.of(whole, file.algorithm());
                if (!found.equals(file.hash())) {
                    throw new DataException(whole + " exists with " + file.algorithm() + " " + found + ", not "
                            + file.hash() + "; use it as it is, or move it away and fetch again");
                }
            }
        }
    }

    private void fetch(RemoteFile file, Path whole, Download download, Progress progress) throws IOException {
        try (var part = new PartialFile(whole)) {
            List<String> failures = new ArrayList<>();
            for (URI mirror : mirrors) {
                URI source = mirror.resolve(file.name());
                var failure = fromMirror(file, source, part, download, progress);
                if (failure == null) {
                    part.complete();
                    return;
                }
                failures.add(source + " " + failure);
            }
            String kept = part.size() == 0
                    ? ""
                    : "\nthe " + part.size() + " bytes in " + part.path() + " are resumed next time";
            throw new DataException("cannot fetch " + file.name() + ":\n  " + String.join("\n  ", failures) + kept
                    + "\ncheck the connection, or put the file into "
                    + whole.toAbsolutePath().getParent() + " by hand");
        }
    }

    /** Null if the part is now the whole file, else why this mirror did not make it so. */
    private static String fromMirror(
            RemoteFile file, URI source, PartialFile part, Download download, Progress progress) throws IOException {
        try {
            download.fetch(part.channel(), source, Map.of(), file.name(), progress, () -> {
                var found = FileHash.of(part.path(), file.algorithm());
                return found.equals(file.hash())
                        ? null
                        : "sent a file with " + file.algorithm() + " " + found + ", not " + file.hash();
            });
            return null;
        } catch (RefusedException e) {
            return e.getMessage();
        } catch (DiskException | ClosedChannelException e) {
            throw e; // no mirror can help
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            return "failed: " + quote(e.getMessage() == null ? e.toString() : e.getMessage());
        }
    }
}
