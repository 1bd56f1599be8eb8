package ddpm.torch.natives;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Unpacks the bundled native libraries once per user and content, all into one flat folder
 * {@code <root>/natives/<key>}, so that their {@code $ORIGIN} run paths find each other there.
 *
 * <p>The folder is whole or absent: libraries are written to {@code <key>.part-<pid>} beside it, checked against their
 * CRC-32, forced to disk and renamed. A file lock makes a second JVM wait for the first; where the file system has no
 * locks, both unpack and the later rename loses. A start that finds every file there with its size opens no lock, writes
 * nothing and decompresses nothing, so a prepared cache may be read-only. A missing or wrong-sized file means the whole
 * folder is unpacked anew. Where a process that used the folder ended without a word, as one does that a damaged library
 * brings down, the files' contents are compared with their checksums too.
 */
final class NativeCache {
    private final Path natives;

    /** @param root the cache root, see {@link CacheRoot}; created when first needed */
    NativeCache(Path root) {
        this.natives = root.toAbsolutePath().resolve("natives");
    }

    /**
     * Finds the folder with this platform's bundled libraries in this user's cache, unpacked now if it is not there yet.
     *
     * @param progress takes one line when something is unpacked or waited for; silent otherwise
     * @return the folder, or empty if no libtorch for this platform is on the class path
     * @throws IOException if the cache cannot be used; the message says why and what to do
     */
    static Optional<Path> ready(Consumer<String> progress) throws IOException {
        var found = BundledNatives.find(NativeCache.class.getClassLoader());
        return found.isEmpty()
                ? Optional.empty()
                : Optional.of(new NativeCache(CacheRoot.ofThisUser()).folder(found.get(), progress));
    }

    /**
     * Compares this platform's unpacked libraries with their checksums, and unpacks them anew where they differ.
     *
     * @param progress takes one line when something is unpacked or waited for; silent otherwise
     * @return whether they were right, or empty if no libtorch for this platform is on the class path
     * @throws IOException if the cache cannot be used; the message says why and what to do
     */
    static Optional<Boolean> verify(Consumer<String> progress) throws IOException {
        var found = BundledNatives.find(NativeCache.class.getClassLoader());
        if (found.isEmpty()) {
            return Optional.empty();
        }
        var cache = new NativeCache(CacheRoot.ofThisUser());
        var folder = cache.natives.resolve(found.get().key());
        boolean right = !Files.exists(folder) || Checksums.agree(folder, found.get());
        if (!right) {
            cache.folder(found.get(), progress, Checksums::agree);
        }
        return Optional.of(right);
    }

    /**
     * Finds the folder that holds the given libraries, unpacking them now if needed.
     *
     * @throws IOException if the cache cannot be used; the message says why and what to do
     */
    Path folder(BundledNatives bundle, Consumer<String> progress) throws IOException {
        Path folder = natives.resolve(bundle.key());
        if (UncleanEnds.areMarkedAt(folder)) {
            folder(bundle, progress, Checksums::agree);
            UncleanEnds.forget(folder);
            return folder;
        }
        return folder(bundle, progress, NativeCache::isWhole);
    }

    private Path folder(BundledNatives bundle, Consumer<String> progress, Test whole) throws IOException {
        Path folder = natives.resolve(bundle.key());
        Mounts.refuseNoexec(folder);
        if (whole.of(folder, bundle)) {
            return folder;
        }
        try {
            createNativesFolder();
            // One lock for all keys: whoever holds it knows that every other .part folder is a dead process's.
            try (FileChannel channel =
                    FileChannel.open(natives.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                FileLock lock = lock(channel, progress);
                if (whole.of(folder, bundle)) {
                    return folder;
                }
                if (lock != null) {
                    removeLeftovers();
                }
                unpack(bundle, folder, progress, whole);
            }
            return folder;
        } catch (IOException e) {
            throw new IOException(describe(e, bundle), e);
        }
    }

    /** Whether a folder holds the libraries of a bundle. */
    private interface Test {
        boolean of(Path folder, BundledNatives bundle);
    }

    /** True if every expected file is there with its expected size. */
    private static boolean isWhole(Path folder, BundledNatives bundle) {
        for (BundledNatives.Library library : bundle.libraries()) {
            try {
                if (Files.size(folder.resolve(library.name())) != library.size()) {
                    return false;
                }
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    private void createNativesFolder() throws IOException {
        Path existing = existing();
        if (!Files.isDirectory(existing)) {
            throw new IOException(existing + " is a file, not a folder");
        }
        Files.createDirectories(natives);
    }

    /** The innermost part of the cache's path that exists. */
    private Path existing() {
        Path existing = natives;
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        return existing;
    }

    /** Waits for the lock; null where the file system has none. */
    private static FileLock lock(FileChannel channel, Consumer<String> progress) throws IOException {
        boolean told = false;
        while (true) {
            try {
                FileLock lock = told ? channel.lock() : channel.tryLock();
                if (lock != null) {
                    return lock;
                }
            } catch (OverlappingFileLockException e) {
                // Held in this very JVM, by this class in another class loader; lock() would throw again at once.
                sleep();
            } catch (IOException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                return null;
            }
            if (!told) {
                progress.accept("Another process is unpacking libtorch; waiting for it");
                told = true;
            }
        }
    }

    private static void sleep() throws IOException {
        try {
            Thread.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while another thread unpacks libtorch", e);
        }
    }

    private void removeLeftovers() throws IOException {
        try (Stream<Path> entries = Files.list(natives)) {
            entries.filter(NativeCache::isLeftover).toList().forEach(NativeCache::delete);
        }
    }

    private static boolean isLeftover(Path entry) {
        String name = entry.getFileName().toString();
        return name.contains(".part-") || name.contains(".old-");
    }

    private void unpack(BundledNatives bundle, Path folder, Consumer<String> progress, Test whole) throws IOException {
        // A FileStore would be asked for among the mounts, where a chroot has none.
        long free = natives.toFile().getUsableSpace();
        if (free < bundle.totalSize()) {
            throw new IOException("the disk is too full");
        }
        progress.accept("Unpacking libtorch (" + bundle.platform() + ", " + megabytes(bundle) + " MB) into " + folder
                + ", once");
        // Not a temporary directory in Java's sense: that would be closed to the other users of a shared cache.
        Path part = Files.createDirectory(natives.resolve(
                bundle.key() + ".part-" + ProcessHandle.current().pid() + "-" + Long.toHexString(System.nanoTime())));
        try {
            new Unpacking(bundle.libraries(), part).run();
            publish(part, folder, bundle, whole);
        } finally {
            delete(part);
        }
    }

    /** Renames the finished folder to its place; if another process won that race, theirs is as good. */
    private void publish(Path part, Path folder, BundledNatives bundle, Test whole) throws IOException {
        if (Files.exists(folder)) {
            if (whole.of(folder, bundle)) {
                return;
            }
            Path old = natives.resolve(folder.getFileName() + ".old-" + part.getFileName());
            // JVMs that already run on the damaged copy keep their open files.
            Files.move(folder, old, StandardCopyOption.ATOMIC_MOVE);
            delete(old);
        }
        try {
            Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            if (!isWhole(folder, bundle)) {
                throw e;
            }
        }
    }

    /** Deletes a folder of files as far as possible; what stays is tried again at the next unpacking. */
    private static void delete(Path folder) {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | UncheckedIOException e) {
            // Windows keeps a library that some JVM has loaded. The folder is named as a leftover, so nobody uses it.
        }
    }

    private String describe(IOException e, BundledNatives bundle) {
        return "Cannot unpack libtorch into " + natives + ": " + reason(e) + " (" + bundle.totalSize()
                + " bytes are needed, " + existing().toFile().getUsableSpace() + " bytes are free there). "
                + CacheRoot.REMEDY + " and that has " + megabytes(bundle)
                + " MB free.";
    }

    /** java.nio's exceptions often carry only a path as their message, so the kind is named too. */
    private static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "no permission to write " + denied.getFile();
            case NoSuchFileException missing -> "cannot create " + missing.getFile();
            case FileSystemException other
            when other.getReason() != null -> other.getReason() + " at " + other.getFile();
            default -> e.getMessage() == null ? e.toString() : e.getMessage();
        };
    }

    private static long megabytes(BundledNatives bundle) {
        return Math.ceilDiv(bundle.totalSize(), 1_000_000);
    }
}
