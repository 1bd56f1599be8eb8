package ddpm.torch.cuda;

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

/** The functions of one library, which stays loaded; each may be missing, and says so when it is called. */
final class NativeLibrary {
    private final String name;
    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> bound = new ConcurrentHashMap<>();

    private NativeLibrary(String name, SymbolLookup symbols) {
        this.name = name;
        this.symbols = symbols;
    }

    /** The library that the system's linker knows by this name, loaded already or on its path; or empty. */
    static Optional<NativeLibrary> named(String name) {
        try {
            return Optional.of(new NativeLibrary(name, SymbolLookup.libraryLookup(name, Arena.global())));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** The library that this process has loaded from a file of such a name; empty if there is none, or no /proc to ask. */
    static Optional<NativeLibrary> loaded(Pattern fileName) {
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

    /** @throws IllegalArgumentException if it cannot be loaded */
    static NativeLibrary at(Path file) {
        return new NativeLibrary(file.getFileName().toString(), SymbolLookup.libraryLookup(file, Arena.global()));
    }

    /**
     * A function that returns an int code.
     *
     * @throws UnsupportedOperationException if this version of the library does not have it
     */
    MethodHandle code(String function, MemoryLayout... arguments) {
        return bound(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }

    /** A function that takes a code and returns a C string. */
    MethodHandle text(String function) {
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

    boolean has(String function) {
        return symbols.find(function).isPresent();
    }

    static String string(MemorySegment text) {
        return text.address() == 0 ? "?" : text.reinterpret(1 << 12).getString(0);
    }

    /** Method handles declare Throwable; a downcall itself throws only what is a bug of ours. */
    static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException runtime -> runtime;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
