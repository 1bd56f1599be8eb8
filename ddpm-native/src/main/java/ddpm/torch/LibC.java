package ddpm.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The C library: its allocator, and how it ends the process. */
final class LibC {
    private static final MethodHandle MALLOC = find("malloc", FunctionDescriptor.of(JAVA_LONG, JAVA_LONG));
    private static final MethodHandle MALLOPT = find("mallopt", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle MALLOC_TRIM = find("malloc_trim", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

    private static final MethodHandle ON_EXIT = find("on_exit", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));

    /** Set by the {@code java} command; a program in C that has made this JVM exits by its own rules. */
    private static final String JAVA_COMMAND = "sun.java.launcher";

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

    /**
     * Lets the process end while threads compute. Java stops no thread that is in native code, and {@code exit} runs the
     * destructors of libtorch's statics beside it, oneDNN's stream among them: an operator that takes longer than that
     * crashes the JVM. So they do not run. Where the C library has no way to leave them out (it is not glibc), they do.
     */
    static void endWithoutDestructors() {
        if (System.getProperty(JAVA_COMMAND) != null) {
            try {
                // The later it is registered the more it leaves out, and statics are still made while operators run.
                Runtime.getRuntime().addShutdownHook(new Thread(LibC::exitWithoutDestructors, "ddpm-end"));
            } catch (IllegalStateException e) { // the end has begun
                exitWithoutDestructors();
            }
        }
    }

    /**
     * Makes {@code exit} write what C streams hold and end the process at once: whatever was registered before this call,
     * destructors of C++ statics above all, does not run. Does nothing without glibc.
     */
    private static void exitWithoutDestructors() {
        var functions = Linker.nativeLinker().defaultLookup();
        var end = functions.find("_exit");
        var flush = functions.find("fcloseall");
        if (ON_EXIT != null && end.isPresent() && flush.isPresent()) {
            onExit(end.get()); // handlers run in reverse, and each gets the status first
            onExit(flush.get());
        }
    }

    private static void onExit(MemorySegment handler) {
        try {
            int _ = (int) ON_EXIT.invokeExact(handler, MemorySegment.NULL);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }
}
