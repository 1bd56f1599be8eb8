package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * glibc's allocator, told to keep freed blocks, and to give free pages back when memory has crept up.
 *
 * <p>By default it returns every large block to the kernel when it is freed and takes it back, page by page, at the next
 * operator: up to half of the time of a training step. With these thresholds a loop of equal steps faults few pages after
 * its first: a hundredth of what it works on.
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
        if (System.getenv("GLIBC_TUNABLES") != null) {
            return;
        }
        var linker = Linker.nativeLinker();
        var libc = linker.defaultLookup();
        var mallopt = libc.find("mallopt");
        if (mallopt.isEmpty() || libc.find("gnu_get_libc_version").isEmpty()) {
            return;
        }
        var set = linker.downcallHandle(mallopt.get(), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        try {
            int applied = (int) set.invokeExact(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
                    & (int) set.invokeExact(M_TRIM_THRESHOLD, Integer.MAX_VALUE)
                    & (int) set.invokeExact(M_TOP_PAD, 64 << 20)
                    // One arena: blocks of other arenas live in heaps that are returned to the kernel when they empty.
                    & (int) set.invokeExact(M_ARENA_MAX, 1);
            assert applied == 1;
        } catch (Throwable e) {
            throw Abi.unexpected(e);
        }
        libc.find("malloc_trim").ifPresent(address -> {
            var trim = linker.downcallHandle(address, FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
            Thread.ofPlatform().daemon().name("ddpm-memory").start(() -> giveBack(trim));
        });
    }

    /**
     * Kept blocks fragment: in a loop of many sizes the pages in use creep up, by megabytes a second with two threads. So
     * when they have grown, those that lie free go back to the kernel.
     */
    private static void giveBack(MethodHandle trim) {
        try {
            var level = new Level(residentKilobytes());
            while (true) {
                Thread.sleep(INTERVAL);
                if (level.hasGrown(residentKilobytes())) {
                    int _ = (int) trim.invokeExact(0L);
                }
            }
        } catch (Throwable e) {
            // No such file on this system, or the end of the program: free pages then stay with the process.
        }
    }

    /** How much memory the program settled at. */
    static final class Level {
        /** In kilobytes. */
        static final long GROWTH = 128 << 10;

        private long kilobytes;
        private boolean given;

        Level(long kilobytes) {
            this.kilobytes = kilobytes;
        }

        /**
         * Told once an interval. After it said yes, the level is what the next interval brings: what a loop takes again is
         * not growth. So pages go back every second interval at most, which costs less than a hundredth of the time.
         */
        boolean hasGrown(long resident) {
            if (given) {
                kilobytes = resident;
                given = false;
            } else if (resident > kilobytes + GROWTH) {
                given = true;
            } else {
                kilobytes = Math.min(kilobytes, resident);
            }
            return given;
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
