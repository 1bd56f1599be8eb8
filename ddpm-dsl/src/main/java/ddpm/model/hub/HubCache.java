package ddpm.model.hub;

import ddpm.io.WholeFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The folder of models that Python's {@code huggingface_hub} and this library share: {@code models--OWNER--NAME} with
 * {@code refs/<revision>} (a commit), {@code blobs/<etag>} (content) and {@code snapshots/<commit>/<file>} (links to blobs,
 * or copies where the file system has no links).
 */
public record HubCache(Path folder) {
    private static final String PREFIX = "models--";

    /**
     * A model in the cache.
     *
     * @param bytes on disk, of all revisions
     * @param revisions the commit of each branch and tag that was asked for
     * @param whole whether a snapshot of a branch or tag holds a whole UNet
     */
    public record Entry(String repository, Path path, long bytes, TreeMap<String, String> revisions, boolean whole) {}

    Path of(HubId id) {
        return folder.resolve(PREFIX + id.repository().replace("/", "--"));
    }

    Path blob(HubId id, String etag) {
        return of(id).resolve("blobs").resolve(etag);
    }

    Path snapshot(HubId id, String commit) {
        return of(id).resolve("snapshots").resolve(commit);
    }

    /** The commit that the revision was when it was last asked for, if a whole UNet of that is here. */
    Optional<String> commit(HubId id) throws IOException {
        var commit = id.isCommit()
                ? Optional.of(id.revision())
                : ref(of(id).resolve("refs").resolve(id.revision()));
        return commit.filter(known -> UNetFiles.areWhole(snapshot(id, known)));
    }

    private static Optional<String> ref(Path file) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) > 100) {
            return Optional.empty();
        }
        return Optional.of(Files.readString(file).strip()).filter(commit -> commit.matches("[0-9a-f]{40}"));
    }

    /** Remembers what a branch or tag is now. */
    void remember(HubId id, String commit) throws IOException {
        var ref = of(id).resolve("refs").resolve(id.revision());
        if (id.isCommit() || ref(ref).filter(commit::equals).isPresent()) {
            return;
        }
        Files.createDirectories(ref.getParent());
        var part = Files.createTempFile(of(id).resolve("blobs"), "ref.", ".incomplete"); // refs/ holds refs alone
        try {
            Files.writeString(part, commit);
            Files.move(part, ref, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Puts a blob into a snapshot under its file's name. */
    void place(HubId id, String commit, String file, String etag) throws IOException {
        var blob = blob(id, etag);
        var target = snapshot(id, commit).resolve(file);
        if (Files.exists(target) && Files.isSameFile(target, blob)) {
            return;
        }
        Files.createDirectories(target.getParent());
        if (Files.isSymbolicLink(target)) {
            Files.deleteIfExists(target); // to nothing, or to other content
        }
        try {
            Files.createSymbolicLink(target, target.getParent().relativize(blob));
        } catch (FileAlreadyExistsException e) {
            if (!Files.isSymbolicLink(target)) { // else another process was here
                copy(blob, target);
            }
        } catch (IOException | UnsupportedOperationException noLinksHere) {
            copy(blob, target);
        }
    }

    private static void copy(Path blob, Path target) throws IOException {
        if (!Files.exists(target) || Files.mismatch(blob, target) >= 0) {
            WholeFile.write(target, Files.size(blob), out -> {
                try (var in = java.nio.channels.FileChannel.open(blob)) {
                    long size = in.size();
                    for (long at = 0; at < size; ) {
                        at += in.transferTo(at, size - at, out);
                    }
                }
            });
        }
    }

    /** All models in the cache by name, those of other libraries among them. */
    public List<Entry> list() throws IOException {
        var entries = new ArrayList<Entry>();
        if (!Files.isDirectory(folder)) {
            return entries;
        }
        try (var models = Files.newDirectoryStream(folder, PREFIX + "*")) {
            for (var path : models) {
                if (Files.isDirectory(path)) {
                    entries.add(entry(path));
                }
            }
        }
        entries.sort(java.util.Comparator.comparing(Entry::repository));
        return entries;
    }

    private static Entry entry(Path path) throws IOException {
        var name = path.getFileName().toString().substring(PREFIX.length()).replaceFirst("--", "/");
        var revisions = new TreeMap<String, String>();
        var refs = path.resolve("refs");
        if (Files.isDirectory(refs)) {
            try (var files = Files.walk(refs)) {
                for (var file : files.filter(Files::isRegularFile).toList()) {
                    ref(file)
                            .ifPresent(commit -> revisions.put(
                                    refs.relativize(file).toString().replace('\\', '/'), commit));
                }
            }
        }
        boolean whole = revisions.values().stream()
                .anyMatch(commit -> UNetFiles.areWhole(path.resolve("snapshots").resolve(commit)));
        return new Entry(name, path, WholeFile.bytes(path), revisions, whole);
    }

    /**
     * Deletes a model with all its revisions.
     *
     * @return how many bytes are free again
     * @throws HubException if it is not in the cache
     */
    public long remove(HubId id) throws IOException {
        var path = of(id);
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            throw HubException.refused(id.repository() + " is not in " + folder + "; list what is there by model list");
        }
        long bytes = WholeFile.bytes(path);
        WholeFile.delete(path);
        WholeFile.delete(folder.resolve(".locks").resolve(path.getFileName()));
        return bytes;
    }
}
