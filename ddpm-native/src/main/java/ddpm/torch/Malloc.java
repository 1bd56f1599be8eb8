package ddpm.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Settings of glibc's allocator under which freed blocks stay with the process for reuse.
 *
 * <p>By default glibc returns every large block to the kernel when it is freed. The next operator then allocates it anew
 * and the kernel clears it page by page, which took up to half of the time of a training step. With blocks kept, a loop of
 * equal steps takes almost no new pages after its first step.
 */
final class Malloc {
    private static final int M_TRIM_THRESHOLD = -1;
    private static final int M_TOP_PAD = -2;
    private static final int M_MMAP_THRESHOLD = -3;
    private static final int M_ARENA_MAX = -8;

    /** The largest mmap threshold that glibc accepts on 64-bit machines (HEAP_MAX_SIZE / 2). */
    private static final int LARGEST_MMAP_THRESHOLD = 32 << 20;

    private static final Duration INTERVAL = Duration.ofSeconds(15);

    private Malloc() {}

    /** Does nothing where the C library is not glibc, or where the user tuned it with GLIBC_TUNABLES. */
    static void keepBlocks() {
        if (System.getenv("GLIBC_TUNABLES") != null || !LibC.isGlibc()) {
            return;
        }
        boolean accepted = LibC.mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
                & LibC.mallopt(M_TRIM_THRESHOLD, Integer.MAX_VALUE)
                & LibC.mallopt(M_TOP_PAD, 64 << 20)
                // One arena: blocks of other arenas live in heaps that are returned to the kernel when they empty.
                & LibC.mallopt(M_ARENA_MAX, 1);
        assert accepted;
        Thread.ofPlatform().daemon().name("ddpm-memory").start(Malloc::trimAsItGrows);
    }

    /**
     * Gives free pages back to the kernel whenever the process has grown. Kept blocks fragment: a loop over blocks of many
     * sizes would otherwise grow by megabytes a second.
     */
    private static void trimAsItGrows() {
        try {
            var level = new Level(residentKilobytes(), MemoryLimit.bytes());
            while (true) {
                Thread.sleep(INTERVAL);
                if (level.hasGrown(residentKilobytes())) {
                    LibC.mallocTrim(0);
                }
            }
        } catch (IOException | InterruptedException e) {
            // Without /proc nobody can tell how large the process is: free pages then stay with it.
        }
    }

    /** The size of the process to which its growth is compared. */
    static final class Level {
        /** Growth that is worth a trim, in kilobytes; less under a memory limit. */
        static final long GROWTH = 128 << 10;

        private static final long SHARE_OF_LIMIT = 16;

        private final long growth;
        private long kilobytes;
        private boolean trimmed;

        Level(long kilobytes, OptionalLong limit) {
            this.kilobytes = kilobytes;
            this.growth = Math.min(GROWTH, limit.orElse(Long.MAX_VALUE) / 1024 / SHARE_OF_LIMIT);
        }

        /**
         * Takes the size at the end of an interval and decides whether to trim. The size one interval after a trim becomes
         * the new level, because a running loop takes back at once the pages that it needs. So there is a trim at most
         * every second interval.
         */
        boolean hasGrown(long resident) {
            if (trimmed) {
                kilobytes = resident;
                trimmed = false;
            } else if (resident > kilobytes + growth) {
                trimmed = true;
            } else {
                kilobytes = Math.min(kilobytes, resident);
            }
            return trimmed;
        }
    }

    static long residentKilobytes() throws IOException {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no VmRSS"));
        }
    }
}
