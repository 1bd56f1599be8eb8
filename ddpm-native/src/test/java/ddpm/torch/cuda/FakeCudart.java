package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A libcudart that plays streams and captures and keeps a diary, compiled here against an installed toolkit's header; and
 * a libtorch that only knows which stream is current.
 */
final class FakeCudart {
    final Cudart cuda;
    final List<Long> current = new ArrayList<>(List.of(0L));
    private final SymbolLookup symbols;

    FakeCudart(Path folder) throws Exception {
        var toolkit = Toolkit.required();
        assumeTrue(toolkit.cudart().version() >= 13000, "the stand-in is written for CUDA 13's header");
        toolkit.header("cuda_runtime_api.h");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc to compile the stand-in with");
        var source = folder.resolve("fake_cudart.c");
        try (var in = FakeCudart.class.getResourceAsStream("/cuda/fake_cudart.c")) {
            Files.write(source, in.readAllBytes());
        }
        var library = folder.resolve("libfakecudart.so");
        var process = new ProcessBuilder(
                        "/usr/bin/gcc",
                        "-shared",
                        "-fPIC",
                        "-I" + toolkit.folder().resolve("include"),
                        "-o",
                        library.toString(),
                        source.toString())
                .redirectErrorStream(true)
                .start();
        var said = new String(process.getInputStream().readAllBytes());
        assertEquals(0, process.waitFor(), said);
        cuda = Cudart.open(library);
        symbols = SymbolLookup.libraryLookup(library, Arena.global());
    }

    /** The streams of a thread, as libtorch's guards would keep them. */
    CurrentStream torch() {
        return new CurrentStream() {
            @Override
            public long enter(long stream, int device) {
                current.add(stream);
                return current.size();
            }

            @Override
            public void leave(long guard) {
                assertEquals(current.size(), guard, "guards are left in reverse order");
                current.removeLast();
            }

            @Override
            public long of(int device) {
                return current.getLast();
            }
        };
    }

    /** What was called since the last time, a line each. */
    List<String> diary() {
        try {
            var diary = (MemorySegment) Linker.nativeLinker()
                    .downcallHandle(symbols.findOrThrow("fake_diary"), FunctionDescriptor.of(ValueLayout.ADDRESS))
                    .invokeExact();
            var lines = diary.reinterpret(1 << 16).getString(0).lines().toList();
            Linker.nativeLinker()
                    .downcallHandle(symbols.findOrThrow("fake_clear"), FunctionDescriptor.ofVoid())
                    .invokeExact();
            return lines;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /** What an operator does that waits for the device in a capture. */
    void breakCapture() {
        call("fake_break_capture");
    }

    void failInstantiations(boolean fail) {
        try {
            int unused = (int) Linker.nativeLinker()
                    .downcallHandle(
                            symbols.findOrThrow("fake_instantiations_fail"),
                            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT))
                    .invokeExact(fail ? 1 : 0);
            assertEquals(fail ? 1 : 0, unused);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private void call(String function) {
        try {
            int code = (int) Linker.nativeLinker()
                    .downcallHandle(symbols.findOrThrow(function), FunctionDescriptor.of(ValueLayout.JAVA_INT))
                    .invokeExact();
            assertEquals(900, code);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
