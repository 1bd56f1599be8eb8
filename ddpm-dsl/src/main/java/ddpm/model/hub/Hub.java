package ddpm.model.hub;

import ddpm.http.DiskException;
import ddpm.http.Progress;
import ddpm.text.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Fetches models of a hub into the cache that Python shares, and finds them there.
 *
 * <pre>{@code
 * var hub = Hub.of(System.getenv());
 * try (var model = Model.load(hub.fetch(HubId.parse("google/ddpm-cifar10-32")), Device.CPU)) { .. }
 * }</pre>
 */
public final class Hub {
    private final HubSettings settings;
    private final HubCache cache;
    private final Duration pause;
    private final Consumer<String> notes;
    private final Progress progress;

    private Hub(HubSettings settings, Duration pause, Consumer<String> notes, Progress progress) {
        this.settings = settings;
        this.cache = new HubCache(settings.cache());
        this.pause = pause;
        this.notes = Objects.requireNonNull(notes, "notes");
        this.progress = Objects.requireNonNull(progress, "progress");
    }

    /**
     * @param environment see {@link HubSettings#of}
     * @throws IllegalArgumentException if one of its variables cannot be used; names it
     */
    public static Hub of(Map<String, String> environment) throws IOException {
        return new Hub(HubSettings.of(environment), Duration.ofSeconds(1), _ -> {}, (_, _, _) -> {});
    }

    /** The hub with another listener to what was taken, in words, and to bytes as they arrive. */
    public Hub withReports(Consumer<String> notes, Progress progress) {
        return new Hub(settings, pause, notes, progress);
    }

    /** With half the pause after a failure. */
    Hub withPause(Duration pause) {
        return new Hub(settings, pause, notes, progress);
    }

    public HubSettings settings() {
        return settings;
    }

    public HubCache cache() {
        return cache;
    }

    /**
     * Finds a model's folder, whole and verified, after fetching what is missing of it. A commit that is here is taken
     * without a question; of a branch or a tag the hub is asked what it is now, and if it cannot be reached, what it was
     * when it last could is taken, with a note.
     *
     * @return a folder for {@link ddpm.model.Model#load}
     * @throws HubException if the model cannot be had; one sentence with what to do
     * @throws InterruptedIOException if the thread is interrupted; what arrived is kept
     */
    public Path fetch(HubId id) throws IOException {
        var known = cache.commit(id).orElse(null);
        if (known != null && (id.isCommit() || settings.offline())) {
            return taken(id, known, "");
        }
        if (settings.offline()) {
            throw HubException.refused(
                    id + " is not in " + settings.cache() + ", and HF_HUB_OFFLINE is set; unset it, or"
                            + " fetch the model where there is a network and copy that folder here");
        }
        try (var server = new HubServer(settings, pause)) {
            return fetch(id, known, server);
        } catch (HubException e) {
            if (known == null || !e.isUnreachable()) {
                throw e;
            }
            return taken(id, known, ", as it was when last fetched: " + e.getMessage());
        } catch (DiskException e) {
            throw new IOException(
                    id + ": " + e.getMessage() + ", or let HF_HUB_CACHE name a folder on another disk", e);
        } catch (FileSystemException e) {
            throw new IOException(
                    id + " cannot be kept: " + Reason.of(e) + "; let HF_HUB_CACHE name a folder that can be written",
                    e);
        }
    }

    private Path fetch(HubId id, String known, HubServer server) throws IOException {
        if (known != null) {
            var snapshot = cache.snapshot(id, known);
            var some = Files.exists(snapshot.resolve(UNetFiles.INDEX)) ? UNetFiles.INDEX : null;
            if (some != null && server.head(id, id.revision(), some).commit().equals(known)) {
                return taken(id, known, "");
            }
        }
        String commit = null;
        for (var file : UNetFiles.choose(id, server.list(id, notes))) {
            var head = server.head(id, commit == null ? id.revision() : commit, file); // all of one commit
            commit = commit == null ? head.commit() : commit;
            blob(id, file, head, server);
            cache.place(id, commit, file, head.etag());
        }
        if (!UNetFiles.areWhole(cache.snapshot(id, commit))) {
            throw HubException.refused(
                    id + " lacks a file that belongs to its UNet (config.json, scheduler_config.json or"
                            + " a shard); name another model or revision");
        }
        cache.remember(id, commit); // last, so that what an earlier fetch made whole stands until this one is
        return taken(id, commit, "");
    }

    private void blob(HubId id, String file, HubServer.Head head, HubServer server) throws IOException {
        var blob = cache.blob(id, head.etag());
        if (Files.exists(blob)) {
            if (HubHash.fault(blob, head.etag()) == null) {
                return;
            }
            notes.accept(blob + " is damaged and is fetched anew");
        }
        Files.createDirectories(blob.getParent());
        try (var incomplete = IncompleteBlob.of(blob)) {
            server.download(id, file, head, incomplete, progress);
            incomplete.complete();
        } catch (NoSuchFileException e) {
            if (!Files.exists(blob)) { // else another process has put it there and cleared this one away
                throw e;
            }
        }
    }

    private Path taken(HubId id, String commit, String why) {
        var snapshot = cache.snapshot(id, commit);
        notes.accept(
                "model: " + id + " of " + settings.endpoint().getHost() + ", commit " + commit.substring(0, 8) + why);
        return snapshot;
    }
}
