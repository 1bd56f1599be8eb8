package ddpm.torch.natives;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.CRC32;

/**
 * Writes libraries out of their jars into one folder: several files at a time, the largest first because it decides how
 * long all take. Each file's size and CRC-32 are checked and its bytes forced to disk.
 */
final class Unpacking {
    private static final int BUFFER = 1 << 18;

    private final Queue<BundledNatives.Library> waiting;
    private final Path folder;
    private final int threads;

    /** @param folder exists and is empty */
    Unpacking(List<BundledNatives.Library> libraries, Path folder) {
        waiting = new ConcurrentLinkedQueue<>(libraries.stream()
                .sorted(Comparator.comparingLong(BundledNatives.Library::size).reversed())
                .toList());
        this.folder = folder;
        int processors = Runtime.getRuntime().availableProcessors();
        threads = Math.min(libraries.size(), Math.clamp(processors, 2, 4));
    }

    /** @throws IOException the first failure of any file; by then no thread writes into the folder any more */
    void run() throws IOException {
        List<FutureTask<Void>> workers = Stream.generate(() -> new FutureTask<Void>(this::work))
                .limit(threads)
                .toList();
        // Daemons: a JVM that is told to stop does not wait for half a libtorch.
        workers.forEach(
                worker -> Thread.ofPlatform().daemon().name("ddpm-unpacking").start(worker));
        IOException failure = null;
        for (FutureTask<Void> worker : workers) {
            try {
                join(worker);
            } catch (IOException e) {
                waiting.clear();
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** Waits for a worker, through interrupts: the caller is about to delete or publish the folder. */
    private void join(FutureTask<Void> worker) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    worker.get();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                    waiting.clear();
                }
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException io ? io : new IOException(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (interrupted) {
            throw new IOException("interrupted");
        }
    }

    private Void work() throws IOException {
        Map<URL, JarFile> opened = new HashMap<>();
        try {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            for (var library = waiting.poll(); library != null; library = waiting.poll()) {
                JarFile jar = opened.get(library.jar());
                if (jar == null) {
                    jar = BundledNatives.open(library.jar());
                    opened.put(library.jar(), jar);
                }
                unpack(library, jar, buffer);
            }
            return null;
        } catch (IOException | RuntimeException e) {
            waiting.clear();
            throw e;
        } finally {
            for (JarFile jar : opened.values()) {
                jar.close();
            }
        }
    }

    private void unpack(BundledNatives.Library library, JarFile jar, ByteBuffer buffer) throws IOException {
        CRC32 crc = new CRC32();
        long size = 0;
        try (InputStream in = BundledNatives.bytes(jar, library);
                FileChannel out = FileChannel.open(
                        folder.resolve(library.name()), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            int read;
            while ((read = in.read(buffer.array())) >= 0) {
                crc.update(buffer.array(), 0, read);
                size += read;
                buffer.clear().limit(read);
                while (buffer.hasRemaining()) {
                    out.write(buffer);
                }
            }
            out.force(true);
        }
        if (size != library.size() || crc.getValue() != library.crc()) {
            throw new IOException(jar.getName() + " is damaged: " + library.entry() + " unpacks to " + size
                    + " bytes with CRC-32 " + Long.toHexString(crc.getValue()) + " instead of " + library.size()
                    + " with "
                    + Long.toHexString(library.crc()) + "; download or build that jar again");
        }
    }
}
