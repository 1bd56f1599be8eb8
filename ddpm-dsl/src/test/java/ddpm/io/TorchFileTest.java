package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that PyTorch 1.13 wrote, against the arrays that it read back from them. */
class TorchFileTest {
    private static Path golden(String name) {
        return Golden.path("G_pt_format/" + name);
    }

    static List<String> filesWithArrays() throws IOException {
        try (var folders = Files.list(golden("npy"))) {
            return folders.filter(Files::isDirectory)
                    .map(folder -> folder.getFileName().toString())
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("filesWithArrays")
    void everyTensorEqualsItsReferenceArrayBitForBit(String name) throws IOException {
        requireEqual(name, TensorFiles.open(golden(name + ".pt")).tensors());
    }

    @ParameterizedTest
    @CsvSource({
        "7d_cuda_location_legacy, 7c_cuda_location",
        "emul_1_torch2_records, 1_zip",
        "emul_2_big_endian, 1_zip",
        "emul_3_deflated, 1_zip"
    })
    void variantsOfAFileReadAsTheFile(String variant, String original) throws IOException {
        requireEqual(original, TensorFiles.open(golden(variant + ".pt")).tensors());
    }

    private static void requireEqual(String name, Map<String, StoredTensor> actual) throws IOException {
        var index = JSON.std.mapFrom(Files.readString(golden("npy/" + name + "/index.json")));
        assertEquals(List.copyOf(index.keySet()), List.copyOf(actual.keySet()), "names and their order");
        for (var entry : index.entrySet()) {
            var expected = (Map<?, ?>) entry.getValue();
            var tensor = actual.get(entry.getKey());
            var array = golden(expected.get("file").toString());
            assertEquals(expected.get("torch_dtype"), "torch." + tensor.dtype(), entry.getKey());
            if (tensor.dtype() == DType.BFLOAT16) {
                array = array.resolveSibling(entry.getKey() + ".bits_u16.npy");
            }
            var reference = NpyFile.read(array).stored();
            assertEquals(reference.shape(), tensor.shape(), entry.getKey());
            assertEquals(reference.data(), tensor.data(), entry.getKey());
        }
    }

    @Test
    void threeHundredTensorsReadByTheirRule() throws IOException {
        var tensors = TensorFiles.read(golden("9j_300_tensors.pt"));
        assertEquals(300, tensors.size());
        for (int i = 0; i < 300; i++) {
            var tensor = tensors.get("layer" + i + ".weight");
            assertEquals(Shape.of(2), tensor.shape());
            assertEquals(i, tensor.data().getFloat(0));
            assertEquals(i, tensor.data().getFloat(4));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"7_nested_checkpoint", "7b_nested_checkpoint_legacy"})
    void plainValuesKeepTheirTypes(String name) throws IOException {
        var root = (Map<?, ?>) TorchFile.read(golden(name + ".pt")).root();
        assertEquals(BigInteger.TWO.pow(70), root.get("big"));
        assertEquals(ByteBuffer.wrap(new byte[] {0, (byte) 0xff, 0x10}), root.get("bytes"));
        assertEquals(new TorchFile.Complex(1, -2), root.get("complexnum"));
        assertEquals("cuda:1", root.get("device"));
        assertEquals("cpu", root.get("device_cpu"));
        assertEquals(DType.FLOAT16, root.get("dtype"));
        assertEquals(DType.BFLOAT16, root.get("dtype_bf"));
        assertEquals(Map.of(), root.get("empty_dict"));
        assertEquals(List.of(), root.get("empty_list"));
        assertEquals("", root.get("empty_str"));
        assertEquals(3L, root.get("epoch"));
        assertEquals(true, root.get("flag"));
        assertEquals(1099511627783L, root.get("global_step"));
        assertEquals(Double.POSITIVE_INFINITY, root.get("inf"));
        assertEquals("y".repeat(300), root.get("long_str"));
        assertEquals(3e-4, root.get("lr"));
        assertEquals(Arrays.asList(1L, 2.5, "x", null, List.of(true, List.of(1L))), root.get("lst"));
        assertEquals(70000L, root.get("mid_int"));
        assertEquals("tiny-ddpm", root.get("name"));
        assertEquals(-5L, root.get("neg"));
        assertTrue(root.containsKey("nothing") && root.get("nothing") == null);
        assertEquals(false, root.get("off"));
        assertEquals(Set.of(1L, 2L, 3L), root.get("set"));
        assertEquals(List.of(2L, 3L, 4L), root.get("size"));
        assertEquals(200L, root.get("small_int"));
        assertEquals(List.of(), root.get("t0"));
        assertEquals(List.of("a"), root.get("t1"));
        assertEquals(List.of(1L, 2L), root.get("t2"));
        assertEquals(List.of(1L, 2L, 3L), root.get("t3"));
        assertEquals(List.of(1L, 2L, 3L, 4L), root.get("tup"));
        assertEquals("Größe 扩散 ☃", root.get("unicode"));
    }

    @Test
    void theOptimizersParameterGroupsEqualTheReference() throws IOException {
        var root = (Map<?, ?>) TorchFile.read(golden("7_nested_checkpoint.pt")).root();
        var groups = (List<?>) ((Map<?, ?>) root.get("optimizer")).get("param_groups");
        var reference = JSON.std.listFrom(Files.readString(golden("npy/7_nested_checkpoint/adamw_param_groups.json")));
        assertEquals(reference.size(), groups.size());
        for (int i = 0; i < groups.size(); i++) {
            var actual = (Map<?, ?>) groups.get(i);
            for (var entry : ((Map<?, ?>) reference.get(i)).entrySet()) {
                assertEquals(
                        widened(entry.getValue()),
                        actual.get(entry.getKey()),
                        entry.getKey().toString());
            }
        }
    }

    private static Object widened(Object json) {
        return switch (json) {
            case Integer i -> i.longValue();
            case List<?> list -> list.stream().map(TorchFileTest::widened).toList();
            case null, default -> json;
        };
    }

    @Test
    void whatIsReadCannotBeModified() throws IOException {
        var root = (Map<?, ?>) TorchFile.read(golden("7_nested_checkpoint.pt")).root();
        assertThrows(UnsupportedOperationException.class, root::clear);
        assertThrows(UnsupportedOperationException.class, ((List<?>) root.get("lst"))::clear);
        assertThrows(UnsupportedOperationException.class, ((Set<?>) root.get("set"))::clear);
    }

    @Test
    void twoNamesOfOneSharedParameterHaveEqualBytes() throws IOException {
        var tensors = TensorFiles.read(golden("6_parameters.pt"));
        assertEquals(tensors.get("w"), tensors.get("shared"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            9_whole_module_pickle | 'torch.nn.modules.linear.Linear'
            9c_torchscript        | is a TorchScript program
            9f_quantized          | 'torch._utils._rebuild_qtensor'
            9g_sparse             | 'torch._utils._rebuild_sparse_tensor'
            9h_complex            | 'torch.ComplexFloatStorage'
            9i_numpy_inside       | 'numpy.core.multiarray._reconstruct'
            """)
    void whatIsNoPlainTensorIsRefusedByName(String name, String named) {
        var refused = assertThrows(FileFormatException.class, () -> TorchFile.read(golden(name + ".pt")));
        assertTrue(refused.reason().contains(named), refused::getMessage);
    }

    @Test
    void everyReferenceFileIsHeldByATestAbove() throws IOException {
        var tested = new ArrayList<>(filesWithArrays());
        tested.addAll(List.of("7d_cuda_location_legacy", "emul_1_torch2_records", "emul_2_big_endian"));
        tested.addAll(List.of("emul_3_deflated", "9j_300_tensors", "9_whole_module_pickle", "9c_torchscript"));
        tested.addAll(List.of("9f_quantized", "9g_sparse", "9h_complex", "9i_numpy_inside"));
        try (Stream<Path> files = Files.list(golden("."))) {
            assertEquals(
                    Set.copyOf(tested),
                    Set.copyOf(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.endsWith(".pt"))
                            .map(name -> name.substring(0, name.length() - 3))
                            .toList()));
        }
    }
}
