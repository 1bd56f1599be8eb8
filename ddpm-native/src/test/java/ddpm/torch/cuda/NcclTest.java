package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.TorchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The binding of NCCL against its header, as bytedeco's generator has read that of release 2.30, and against a library that
 * a C compiler has built, which answers with what it is given. NCCL itself needs a GPU: NcclGpuTest.
 */
class NcclTest {
    /** The stand-in's functions are declared as nccl.h declares them. */
    private static final String STAND_IN = """
            #include <stddef.h>
            #include <stdint.h>
            #include <string.h>
            typedef struct { char internal[128]; } ncclUniqueId;
            typedef struct { size_t size; unsigned int magic; unsigned int version; int blocking; } ncclConfig_t;
            typedef struct ncclComm* ncclComm_t;
            typedef int ncclResult_t;
            static int asked;
            ncclResult_t ncclGetVersion(int* version) { *version = 23007; return 0; }
            const char* ncclGetErrorString(ncclResult_t code) { return code == 5 ? "invalid usage" : "other"; }
            ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
                for (int i = 0; i < 128; i++) id->internal[i] = (char) (i * 7);
                return 0;
            }
            ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int nranks, ncclUniqueId id, int rank,
                    ncclConfig_t* config) {
                for (int i = 0; i < 128; i++) if (id.internal[i] != (char) (i * 7)) return 4;
                if (config->size != sizeof(ncclConfig_t) || config->magic != 0xcafebeef || config->version != 21400
                        || config->blocking != 0) return 5;
                *comm = (ncclComm_t) (intptr_t) (1000 + 10 * nranks + rank);
                return 7;
            }
            ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t* state) {
                *state = (intptr_t) comm == 6 ? 6 : asked++ % 2 ? 0 : 7;
                return 0;
            }
            ncclResult_t ncclAllReduce(const void* from, void* to, size_t count, int type, int op, ncclComm_t comm,
                    void* stream) {
                return from == to && (intptr_t) to == 11 && count == 1ull << 33 && type == 7 && op == 0
                        && (intptr_t) comm == 12 && (intptr_t) stream == 13 ? 0 : 4;
            }
            ncclResult_t ncclBroadcast(const void* from, void* to, size_t count, int type, int root, ncclComm_t comm,
                    void* stream) {
                return from == to && (intptr_t) to == 11 && count == 5 && type == 4 && root == 0
                        && (intptr_t) comm == 12 && (intptr_t) stream == 13 ? 0 : 4;
            }
            ncclResult_t ncclCommFinalize(ncclComm_t comm) { return (intptr_t) comm == 12 ? 7 : 4; }
            ncclResult_t ncclCommDestroy(ncclComm_t comm) { return (intptr_t) comm == 12 ? 0 : 4; }
            ncclResult_t ncclCommAbort(ncclComm_t comm) { return (intptr_t) comm == 12 ? 0 : 5; }
            """;

    private static Nccl standIn(Path folder) throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/gcc")), "no gcc to build a stand-in for NCCL with");
        var source = folder.resolve("nccl.c");
        var library = folder.resolve("stand-in.so");
        Files.writeString(source, STAND_IN);
        var gcc = new ProcessBuilder("/usr/bin/gcc", "-shared", "-fPIC", source.toString(), "-o", library.toString())
                .redirectErrorStream(true)
                .start();
        var said = new String(gcc.getInputStream().readAllBytes());
        assertEquals(0, gcc.waitFor(), said);
        return Nccl.open(library);
    }

    @Test
    void argumentsArriveAsACompilerPassesThem(@TempDir Path folder) throws Exception {
        var library = standIn(folder);
        assertEquals(23007, library.version());
        var id = library.uniqueId();
        assertEquals(128, id.length);
        assertEquals((byte) (127 * 7), id[127]);
        assertEquals(1031, library.join(id, 1, 3));
        library.allReduce(11, 1L << 33, Nccl.type(DType.FLOAT32), 12, 13);
        library.broadcast(11, 5, Nccl.type(DType.INT64), 12, 13);
        assertEquals(List.of(Nccl.IN_PROGRESS, Nccl.SUCCESS), List.of(library.state(1), library.state(1)));
        library.finish(12);
        library.destroy(12);
        library.abort(12);
    }

    @Test
    void errorsHaveTheirTextAndNumber(@TempDir Path folder) throws Exception {
        var library = standIn(folder);
        var message = assertThrows(TorchException.class, () -> library.abort(0)).getMessage();
        assertTrue(message.startsWith("ncclCommAbort failed: invalid usage (NCCL error 5;"), message);
        assertEquals(nccl.ncclRemoteError, library.state(6));
    }

    @Test
    void numbersAreTheHeaders() {
        assertEquals(nccl.ncclSuccess, Nccl.SUCCESS);
        assertEquals(nccl.ncclInProgress, Nccl.IN_PROGRESS);
        assertEquals(nccl.ncclSum, Nccl.SUM);
        assertEquals(nccl.ncclInt64, Nccl.type(DType.INT64));
        assertEquals(nccl.ncclFloat32, Nccl.type(DType.FLOAT32));
        assertEquals(nccl.ncclFloat64, Nccl.type(DType.FLOAT64));
        assertEquals(nccl.NCCL_UNIQUE_ID_BYTES, Nccl.UNIQUE_ID_BYTES);
        assertEquals(nccl.NCCL_UNIQUE_ID_BYTES, Nccl.UNIQUE_ID.byteSize());
        assertEquals(nccl.NCCL_API_MAGIC, Nccl.CONFIG_MAGIC);
        assertTrue(Nccl.CONFIG_VERSION < nccl.NCCL_VERSION_CODE, "a newer library knows what an older struct lacks");
        assertThrows(IllegalArgumentException.class, () -> Nccl.type(DType.BOOL));
    }

    /** Parameters by their C kinds: p a pointer, l size_t, i int or enum, s the struct that goes by value. */
    @ParameterizedTest
    @CsvSource({
        "ncclGetVersion, p",
        "ncclGetErrorString, i",
        "ncclGetUniqueId, p",
        "ncclCommInitRankConfig, pisip",
        "ncclCommGetAsyncError, pp",
        "ncclAllReduce, ppliipp",
        "ncclBroadcast, ppliipp",
        "ncclCommFinalize, p",
        "ncclCommDestroy, p",
        "ncclCommAbort, p",
    })
    void functionsAreTheHeaders(String function, String kinds) throws Exception {
        // Not initialised: that would load NCCL.
        var header = Class.forName("org.bytedeco.cuda.global.nccl", false, NcclTest.class.getClassLoader());
        var declared = Arrays.stream(header.getDeclaredMethods())
                .filter(method -> method.getName().equals(function))
                .map(method -> Arrays.stream(method.getParameters())
                        .map(parameter -> kind(parameter.getType(), function))
                        .collect(Collectors.joining()))
                .toList();
        assertFalse(declared.isEmpty(), function + " is not in the header");
        assertTrue(declared.contains(kinds), declared.toString());
        var source = Files.readString(Path.of("src/main/java/ddpm/torch/cuda/Nccl.java"));
        assertTrue(source.contains('"' + function + '"'), "we call " + function);
    }

    private static String kind(Class<?> type, String function) {
        if (type == int.class) {
            return "i";
        }
        boolean byValue = type.getSimpleName().equals("ncclUniqueId") && !function.equals("ncclGetUniqueId");
        return type == long.class ? "l" : byValue ? "s" : "p";
    }

    @Test
    void everyFunctionThatIsCalledIsCompared() throws Exception {
        var source = Files.readString(Path.of("src/main/java/ddpm/torch/cuda/Nccl.java"));
        var names = Pattern.compile("\"(nccl[A-Z]\\w+)\"").matcher(source);
        var called = names.results().map(match -> match.group(1)).distinct().toList();
        assertEquals(10, called.size(), called.toString());
    }

    /** The struct of release 2.14 is the beginning of today's: types in this order leave no gaps before the last. */
    @Test
    void theConfigurationBeginsAsTheHeaders() throws Exception {
        assertEquals(long.class, ncclConfig_t.class.getMethod("size").getReturnType());
        for (var field : List.of("magic", "version", "blocking")) {
            assertEquals(int.class, ncclConfig_t.class.getMethod(field).getReturnType(), field);
        }
        assertEquals(8, Nccl.CONFIG_MAGIC_AT);
        assertEquals(12, Nccl.CONFIG_VERSION_AT);
        assertEquals(16, Nccl.CONFIG_BLOCKING_AT);
        assertEquals(24, Nccl.CONFIG_BYTES);
    }

    @Test
    void withoutCudaAGroupOfGpusIsRefusedWithTheReason() {
        assumeTrue(Files.notExists(Path.of("/dev/nvidiactl")), "this machine has an NVIDIA driver");
        var limit = Duration.ofSeconds(1);
        var message = assertThrows(
                        TorchException.class,
                        () -> NcclCommunicator.join(new byte[128], 0, 2, Device.cuda(0), limit, limit))
                .getMessage();
        assertTrue(message.contains("CUDA is not there"), message);
    }
}
