package ddpm.torch.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ddpm.torch.TorchException;
import ddpm.torch.natives.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The functions of CUDA's driver that load and launch kernels of ours, on the calling thread's current context. */
final class Driver {
    private static Driver loaded;

    private final NativeLibrary library;

    private Driver(NativeLibrary library) {
        this.library = library;
    }

    /** @throws TorchException if the machine has no driver */
    static synchronized Driver ofThisProcess() {
        if (loaded == null) {
            loaded = NativeLibrary.named("libcuda.so.1")
                    .map(Driver::new)
                    .orElseThrow(() -> new TorchException("there is no NVIDIA driver (libcuda.so.1) on this machine"));
        }
        return loaded;
    }

    /** @param image PTX or a fat binary; a zero byte is put behind it */
    long loadModule(byte[] image) {
        var function = "cuModuleLoadData";
        try (var arena = Arena.ofConfined()) {
            var code = arena.allocate(image.length + 1L, 16);
            code.copyFrom(MemorySegment.ofArray(image));
            var out = arena.allocate(JAVA_LONG);
            MethodHandle load = library.code(function, ADDRESS, ADDRESS);
            check((int) load.invokeExact(out, code), function);
            return out.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    long function(long module, String kernel) {
        var function = "cuModuleGetFunction";
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_LONG);
            MethodHandle get = library.code(function, ADDRESS, JAVA_LONG, ADDRESS);
            check((int) get.invokeExact(out, module, arena.allocateFrom(kernel)), function + " of " + kernel);
            return out.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /**
     * Gives a kernel to a stream.
     *
     * @param arguments one cell of 8 bytes each, of which the kernel takes as many low bytes as its parameter has
     */
    void launch(long kernel, int blocks, int threads, long stream, long... arguments) {
        var function = "cuLaunchKernel";
        try (var arena = Arena.ofConfined()) {
            var cells = arena.allocateFrom(JAVA_LONG, arguments);
            var addresses = arena.allocate(ADDRESS, arguments.length);
            for (int i = 0; i < arguments.length; i++) {
                addresses.setAtIndex(JAVA_LONG, i, cells.address() + 8L * i);
            }
            MethodHandle launch = library.code(
                    function, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT,
                    JAVA_LONG, ADDRESS, ADDRESS);
            check(
                    (int) launch.invokeExact(
                            kernel, blocks, 1, 1, threads, 1, 1, 0, stream, addresses, MemorySegment.NULL),
                    function);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    private void check(int code, String call) {
        if (code != 0) {
            throw new CudaException(call, code, text("cuGetErrorName", code), text("cuGetErrorString", code));
        }
    }

    private String text(String function, int code) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(ADDRESS);
            MethodHandle text = library.code(function, JAVA_INT, ADDRESS);
            int known = (int) text.invokeExact(code, out);
            return known == 0 ? NativeLibrary.string(out.get(ADDRESS, 0)) : "unknown error";
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }
}
