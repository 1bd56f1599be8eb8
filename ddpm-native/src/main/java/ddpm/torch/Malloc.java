package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;

/**
 * glibc's allocator, told to keep freed blocks.
 *
 * <p>By default it returns every large block to the kernel when it is freed and takes it back, page by page, at the next
 * operator: up to half of the time of a training step. With these thresholds a loop of equal steps faults no pages after
 * its first.
 */
final class Malloc {
    private static final int M_TRIM_THRESHOLD = -1;
    private static final int M_TOP_PAD = -2;
    private static final int M_MMAP_THRESHOLD = -3;
    private static final int M_ARENA_MAX = -8;

    /** The largest mmap threshold that glibc accepts on 64-bit machines (HEAP_MAX_SIZE / 2). */
    private static final int LARGEST_MMAP_THRESHOLD = 32 << 20;

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
    }
}
