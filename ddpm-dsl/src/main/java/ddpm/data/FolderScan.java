package ddpm.data;

import ddpm.data.format.BadImageException;
import ddpm.text.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import java.util.zip.CRC32C;

/** Reads image files whole, and all files of a listing in parallel, with results in the listing's order. */
final class FolderScan {
    /** No picture below the pixel limit needs more; a larger file is something else under an image's name. */
    private static final long MAX_FILE_BYTES = 512L << 20;

    private FolderScan() {}

    /**
     * A file's content.
     *
     * @param bytes all of it
     * @param checksum CRC-32C of the bytes
     */
    record Content(byte[] bytes, int checksum) {}

    /** Makes something of one file; throws if the file is bad, with the reason as the message. */
    @FunctionalInterface
    interface Step<T> {
        T apply(int index, Content content) throws IOException;
    }

    /** One file's result, or why there is none: exactly one of the two is null. */
    record Outcome<T>(T value, BadFile bad) {}

    /** Reads a file of a listing. */
    static Content read(PictureListing listing, String name) throws IOException {
        byte[] bytes = listing.contents().read(name);
        var checksum = new CRC32C();
        checksum.update(bytes);
        return new Content(bytes, (int) checksum.getValue());
    }

    /** @throws IOException if the file cannot be read whole; {@link #reason} says why */
    static byte[] bytes(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new BadImageException(Files.isSymbolicLink(file) ? "leads nowhere" : "is not there; check the path");
        }
        if (!Files.isRegularFile(file)) {
            throw new BadImageException("is not a regular file");
        }
        requireSize(Files.size(file));
        try {
            return Files.readAllBytes(file);
        } catch (AccessDeniedException e) {
            throw new BadImageException("may not be read by this user", e);
        } catch (NoSuchFileException e) {
            throw new BadImageException("is gone", e);
        }
    }

    static void requireSize(long bytes) throws BadImageException {
        if (bytes > MAX_FILE_BYTES) {
            throw new BadImageException("is " + bytes + " bytes long; the limit is " + MAX_FILE_BYTES);
        }
    }

    /** Applies {@code step} to every file on all cores; bad files become outcomes, never exceptions. */
    static <T> List<Outcome<T>> run(PictureListing listing, Step<T> step) throws IOException {
        int threads = Runtime.getRuntime().availableProcessors();
        ExecutorService workers = Executors.newFixedThreadPool(threads, daemons());
        try {
            List<Future<Outcome<T>>> futures = new ArrayList<>();
            for (int i = 0; i < listing.names().size(); i++) {
                int index = i;
                futures.add(workers.submit(() -> outcome(listing, index, step)));
            }
            List<Outcome<T>> outcomes = new ArrayList<>();
            for (Future<Outcome<T>> future : futures) {
                outcomes.add(future.get());
            }
            return outcomes;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while reading " + listing.root());
        } catch (ExecutionException e) {
            throw new IllegalStateException("reading " + listing.root() + " failed: " + e.getCause(), e.getCause());
        } finally {
            workers.shutdownNow();
        }
    }

    /** The rest of a sentence that the file begins. */
    static String reason(IOException error) {
        return error instanceof BadImageException ? error.getMessage() : "cannot be read: " + Reason.of(error);
    }

    private static ThreadFactory daemons() {
        return Thread.ofPlatform().daemon().name("image-decoder-", 0).factory();
    }

    private static <T> Outcome<T> outcome(PictureListing listing, int index, Step<T> step) {
        String name = listing.names().get(index);
        try {
            return new Outcome<>(step.apply(index, read(listing, name)), null);
        } catch (IOException e) {
            return new Outcome<>(null, new BadFile(listing.path(name), reason(e)));
        }
    }
}
