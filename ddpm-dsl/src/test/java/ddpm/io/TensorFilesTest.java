package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.testing.Golden;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TensorFilesTest {
    private static final StoredTensor BYTE = new StoredTensor(DType.UINT8, Shape.of(1), ByteBuffer.allocate(1));

    @TempDir
    Path folder;

    private static Path golden(String name) {
        return Golden.path("G_pt_format/" + name);
    }

    @ParameterizedTest
    @CsvSource({
        "1_zip.pt, TORCH_ZIP",
        "2_legacy.pt, TORCH_LEGACY",
        "safetensors/all_dtypes.safetensors, SAFETENSORS",
        "safetensors/sharded/diffusion_pytorch_model.safetensors.index.json, SAFETENSORS_SHARDED"
    })
    void theFormatIsRecognised(String name, TensorFormat format) throws IOException {
        assertEquals(format, TensorFiles.open(golden(name)).format());
    }

    @ParameterizedTest
    @CsvSource({"1_zip.pt, TORCH_ZIP", "2_legacy.pt, TORCH_LEGACY", "safetensors/no_metadata.safetensors, SAFETENSORS"})
    void theFormatIsRecognisedByContentWhateverTheName(String name, TensorFormat format) throws IOException {
        var misnamed = Files.copy(golden(name), folder.resolve("weights.bin"));
        assertEquals(format, TensorFiles.open(misnamed).format());
    }

    @Test
    void safetensorsMetadataIsKept() throws IOException {
        assertEquals(
                Map.of("format", "pt"),
                TensorFiles.open(golden("safetensors/all_dtypes.safetensors")).metadata());
    }

    @Test
    void nestedNamesAreJoinedByDotsAndOtherValuesKept() throws IOException {
        var opened = TensorFiles.open(golden("7_nested_checkpoint.pt"));
        assertTrue(opened.tensors().containsKey("ema.a.weight"));
        assertTrue(opened.tensors().containsKey("slice_like.1.deep.er"));
        assertEquals(3L, opened.values().get("epoch"));
        assertEquals(List.of(2L, 3L, 4L), opened.values().get("size"));
        assertEquals(Map.of(), opened.values().get("empty_dict"));
        assertTrue(opened.values().containsKey("nothing"));
        assertTrue(opened.values().get("optimizer.param_groups") instanceof List<?> groups && groups.size() == 2);
    }

    @Test
    void aLoneTensorHasTheEmptyName() throws IOException {
        assertEquals(
                List.of(""),
                List.copyOf(TensorFiles.read(golden("9d_bare_tensor.pt")).keySet()));
    }

    @Test
    void twoLeavesOfOneNameAreRefused() {
        var tree = new LinkedHashMap<String, Object>();
        tree.put("a.b", BYTE);
        tree.put("a", Map.of("b", BYTE));
        var refused = assertThrows(FileFormatException.class, () -> FlatTree.of(Path.of("f"), 100, tree));
        assertTrue(refused.reason().contains("both named 'a.b'"), refused::getMessage);
    }

    @Test
    void aFileWithoutTensorsOpensButDoesNotReadAsTensors() throws IOException {
        var file = folder.resolve("empty.pt");
        TorchFile.write(file, Map.of());
        assertEquals(Map.of(), TensorFiles.open(file).tensors());
        var refused = assertThrows(FileFormatException.class, () -> TensorFiles.read(file));
        assertTrue(refused.reason().contains("without any tensors"), refused::getMessage);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            \\x89PNG\\r\\n                        | a PNG image
            \\xff\\xd8\\xff\\xe0                  | a JPEG image
            GIF89a                               | a GIF image
            \\x93NUMPY\\x01                       | a NumPy array
            \\x89HDF\\r\\n                        | an HDF5 file
            GGUF                                 | a GGUF file
            \\x1f\\x8b\\x08                       | gzip-compressed
            version https://git-lfs.github.com/spec/v1 | git lfs pull
            <!DOCTYPE html><html>                | a web page
            hello                                | of no known format
            """)
    void whatIsTakenForTensorsByMistakeIsNamed(String head, String named) throws IOException {
        var text = new StringBuilder();
        for (int i = 0; i < head.length(); i++) {
            boolean escaped = head.startsWith("\\x", i);
            text.append(escaped ? (char) Integer.parseInt(head.substring(i + 2, i + 4), 16) : head.charAt(i));
            i += escaped ? 3 : 0;
        }
        var file = Files.write(folder.resolve("f"), text.toString().getBytes(StandardCharsets.ISO_8859_1));
        var refused = assertThrows(FileFormatException.class, () -> TensorFiles.read(file));
        assertTrue(refused.reason().contains(named), refused::getMessage);
        assertThrows(FileFormatException.class, () -> TorchFile.read(file));
        assertThrows(FileFormatException.class, () -> Safetensors.read(file));
    }

    @Test
    void aTarOfTheFirstPyTorchIsNamed() throws IOException {
        var bytes = new byte[1024];
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, bytes, 257, 5);
        bytes[0] = 'm';
        var file = Files.write(folder.resolve("f.pt"), bytes);
        var refused = assertThrows(FileFormatException.class, () -> TensorFiles.read(file));
        assertTrue(refused.reason().contains("before 0.1.10"), refused::getMessage);
    }

    @Test
    void aBrokenSafetensorsFileIsToldWhatIsBroken() throws IOException {
        var file = golden("safetensors/bad_header_len_huge.safetensors");
        var refused = assertThrows(FileFormatException.class, () -> TensorFiles.read(file));
        assertTrue(refused.reason().contains("at most 100000000"), refused::getMessage);
    }

    @Test
    void aMissingFileAFolderAndADeviceAreNamed() {
        var missing = folder.resolve("missing.pt");
        assertEquals(
                missing + ": there is no such file; check the path",
                assertThrows(NoSuchFileException.class, () -> TensorFiles.read(missing))
                        .getMessage());
        assertTrue(assertThrows(FileFormatException.class, () -> TensorFiles.read(folder))
                .reason()
                .contains("is a folder"));
        var device = Path.of("/dev/zero");
        assumeTrue(Files.exists(device), "this system has no /dev/zero");
        assertTrue(assertThrows(FileFormatException.class, () -> TensorFiles.read(device))
                .reason()
                .contains("not a regular file"));
    }
}
