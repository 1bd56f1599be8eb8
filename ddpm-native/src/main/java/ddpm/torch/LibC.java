package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;

/** The C library's allocator. */
final class LibC {
    private static final MethodHandle MALLOC = find("malloc", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MALLOPT = find("mallopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle MALLOC_TRIM = find("malloc_trim", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

    private LibC() {}

    private static MethodHandle find(String name, FunctionDescriptor descriptor) {
        var linker = Linker.nativeLinker();
        return linker.defaultLookup()
                .find(name)
                .map(symbol -> linker.downcallHandle(symbol, descriptor))
                .orElse(null);
    }

    /** Whether the C library is glibc, with its own options and tools for the allocator. */
    static boolean isGlibc() {
        return MALLOPT != null
                && MALLOC_TRIM != null
                && Linker.nativeLinker()
                        .defaultLookup()
                        .find("gnu_get_libc_version")
                        .isPresent();
    }

    /** @throws TorchException if there is no memory left */
    static long malloc(long bytes) {
        long address;
        try {
            address = (long) MALLOC.invokeExact(bytes);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
        if (address == 0) {
            throw new TorchException("out of memory for " + bytes + " bytes");
        }
        return address;
    }

    /** Sets an option of glibc's allocator; returns whether it was accepted. */
    static boolean mallopt(int option, int value) {
        try {
            return (int) MALLOPT.invokeExact(option, value) == 1;
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Gives free pages back to the kernel; returns whether there were any. */
    static boolean mallocTrim(long keep) {
        try {
            return (int) MALLOC_TRIM.invokeExact(keep) == 1;
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }
}
