package ddpm.torch.natives;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** The functions of one loaded library, bound by name. A function may be missing, which is said when it is asked for. */
public final class NativeLibrary {
    private final String name;
    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> bound = new ConcurrentHashMap<>();

    private NativeLibrary(String name, SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /** Finds the library that the system's linker knows by this name, loaded already or on its path; or empty. */
    public static Optional<NativeLibrary> named(String name) {
        try {
            return Optional.of(new NativeLibrary(name, SymbolLookup.libraryLookup(name, Arena.global())));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Finds the library that this process has loaded from a file of such a name; empty without one, or without /proc. */
    public static Optional<NativeLibrary> loaded(Pattern fileName) {
        try (var mappings = Files.lines(Path.of("/proc/self/maps"))) {
            return mappings.map(line -> line.indexOf('/') < 0 ? "" : line.substring(line.indexOf('/')))
                    .distinct()
                    .filter(path -> fileName.matcher(path.substring(path.lastIndexOf('/') + 1))
                            .matches())
                    .findFirst()
                    .map(path -> at(Path.of(path)));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Loads the library in this file.
     *
     * @throws IllegalArgumentException if it cannot be loaded
     */
    public static NativeLibrary at(Path file) {
        return new NativeLibrary(file.getFileName().toString(), SymbolLookup.libraryLookup(file, Arena.global()));
    }

    /**
     * A function that returns an int code.
     *
     * @throws UnsupportedOperationException if this version of the library does not have it
     */
    public MethodHandle code(String function, MemoryLayout... arguments) {
        return bound(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }

    /** A function that takes a code and returns a C string. */
    public MethodHandle text(String function) {
        return bound(function, FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    }

    private MethodHandle bound(String function, FunctionDescriptor descriptor) {
        var known = bound.get(function);
        return known != null
                ? known
                : bound.computeIfAbsent(
                        function,
                        _ -> symbols.find(function)
                                .map(symbol -> Linker.nativeLinker().downcallHandle(symbol, descriptor))
                                .orElseThrow(() -> new UnsupportedOperationException(
                                        name + " has no function " + function + ": this needs another release of it")));
    }

    public boolean has(String function) {
        return symbols.find(function).isPresent();
    }

    public static String string(MemorySegment text) {
        return text.address() == 0 ? "?" : text.reinterpret(1 << 12).getString(0);
    }

    /** Turns what {@code invokeExact} declares into what a call can throw: what it was, unchecked. */
    public static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
