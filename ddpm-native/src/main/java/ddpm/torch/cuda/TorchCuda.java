package ddpm.torch.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ddpm.torch.LibTorch;
import ddpm.torch.TorchException;
import ddpm.torch.natives.NativeLibrary;
import java.lang.foreign.Arena;
import java.lang.invoke.MethodHandle;

/** What libtorch's CUDA half has in its C ABI: the current stream of a thread. C++ exceptions come back as codes. */
final class TorchCuda implements CurrentStream {
    private static final String CREATE_GUARD = "aoti_torch_create_cuda_stream_guard";
    private static final String DELETE_GUARD = "aoti_torch_delete_cuda_stream_guard";
    private static final String CURRENT = "aoti_torch_get_current_cuda_stream";

    private static TorchCuda loaded;

    private final NativeLibrary library;

    private TorchCuda(NativeLibrary library) {
        this.library = library;
    }

    /** @throws TorchException if this libtorch has no CUDA half */
    static synchronized TorchCuda ofThisProcess() {
        if (loaded == null) {
            var torch = LibTorch.load();
            if (!torch.isBuiltForCuda() || torch.cudaFailure().isPresent()) {
                throw new TorchException(
                        "CUDA is not there: " + CudaStatus.of(torch).finding());
            }
            loaded = new TorchCuda(NativeLibrary.at(torch.folder().resolve(System.mapLibraryName("torch_cuda"))));
        }
        return loaded;
    }

    @Override
    public long enter(long stream, int device) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_LONG);
            MethodHandle create = library.code(CREATE_GUARD, JAVA_LONG, JAVA_INT, ADDRESS);
            check((int) create.invokeExact(stream, device, out), CREATE_GUARD);
            return out.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    @Override
    public void leave(long guard) {
        try {
            check((int) library.code(DELETE_GUARD, JAVA_LONG).invokeExact(guard), DELETE_GUARD);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    @Override
    public long of(int device) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_LONG);
            MethodHandle current = library.code(CURRENT, JAVA_INT, ADDRESS);
            check((int) current.invokeExact(device, out), CURRENT);
            return out.get(JAVA_LONG, 0);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    private static void check(int code, String function) {
        if (code != 0) {
            throw new TorchException(function + " failed; libtorch printed the reason on stderr");
        }
    }
}
