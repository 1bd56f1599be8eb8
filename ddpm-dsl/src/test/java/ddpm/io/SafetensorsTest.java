package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.Golden;
import ddpm.testing.NpyFile;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private static Path golden(String name) {
        return Golden.path("G_pt_format/safetensors/" + name);
    }

    @Test
    void everyElementTypeReadsAsItsReferenceArray() throws IOException {
        var contents = Safetensors.read(golden("all_dtypes.safetensors"));
        assertEquals(Map.of("format", "pt"), contents.metadata());
        assertEquals(12, contents.tensors().size());
        for (var entry : contents.tensors().entrySet()) {
            String file = entry.getKey().equals("ünï") ? "unicode" : entry.getKey();
            var expected =
                    NpyFile.read(golden("all_dtypes_npy/" + file + ".npy")).stored();
            var actual = entry.getValue();
            assertEquals(expected.shape(), actual.shape(), entry.getKey());
            if (actual.dtype() == DType.BFLOAT16) { // NumPy has none: its array is the exact float32
                var wide = expected.data();
                var bits = actual.data();
                while (bits.hasRemaining()) {
                    assertEquals(wide.getInt(), bits.getShort() << 16, entry.getKey());
                }
            } else {
                assertEquals(expected, actual, entry.getKey());
            }
        }
    }

    @Test
    void aFileWithoutMetadataReads() throws IOException {
        var contents = Safetensors.read(golden("no_metadata.safetensors"));
        assertEquals(Map.of(), contents.metadata());
        assertEquals(Shape.of(2, 2), contents.tensors().get("w").shape());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            bad_deep_json             | does not begin with '{'
            bad_duplicate_key         | Duplicate field 'w'
            bad_header_bad_utf8       | not valid UTF-8
            bad_header_len_huge       | at most 100000000 are allowed
            bad_header_len_past_file  | claims a header of
            bad_header_not_json       | is not the JSON it must be
            bad_header_not_object     | does not begin with '{'
            bad_hole                  | without holes
            bad_metadata_not_strings  | __metadata__ entry 'a' must be a string but is a whole number
            bad_offset_negative       | 0 <= begin <= end
            bad_offset_past_end       | its data_offsets span 64
            bad_offset_reversed       | 0 <= begin <= end
            bad_only_7_bytes          | has 7 bytes
            bad_overlap               | without overlaps
            bad_shape_overflow        | impossible shape
            bad_size_mismatch         | is 24 bytes but its data_offsets span 16
            bad_trailing_bytes        | bytes that belong to no tensor
            bad_truncated_data        | cut short
            bad_unknown_dtype         | tensor 'w' has element type 'Q7'
            """)
    void aBrokenFileIsRefusedWithItsReason(String name, String reason) {
        var file = golden(name + ".safetensors");
        var refused = assertThrows(FileFormatException.class, () -> Safetensors.read(file));
        assertTrue(refused.getMessage().startsWith(file + ": "), refused::getMessage);
        assertTrue(refused.reason().contains(reason), refused::getMessage);
    }

    @Test
    void everyBrokenReferenceFileIsNamedInTheTestAbove() throws Exception {
        var names = Set.copyOf(List.of(SafetensorsTest.class
                .getDeclaredMethod("aBrokenFileIsRefusedWithItsReason", String.class, String.class)
                .getAnnotation(CsvSource.class)
                .textBlock()
                .lines()
                .map(line -> line.split("\\|")[0].strip() + ".safetensors")
                .toArray(String[]::new)));
        try (var files = Files.list(golden("."))) {
            assertEquals(
                    names,
                    Set.copyOf(files.map(file -> file.getFileName().toString())
                            .filter(name -> name.startsWith("bad_"))
                            .toList()));
        }
    }

    @Test
    void deeplyNestedJsonIsRefusedWithoutAStackOverflow() throws IOException {
        var refused = assertThrows(
                FileFormatException.class, () -> Safetensors.read(raw("{\"a\":" + "[".repeat(1_000_000), 0)));
        assertTrue(refused.reason().contains("must be a JSON object"), refused::getMessage);
        assertThrows(
                FileFormatException.class,
                () -> Safetensors.read(raw("{\"a\":{\"shape\":" + "[".repeat(1_000_000), 0)));
    }

    @Test
    void textAfterTheHeaderObjectIsRefused() throws IOException {
        var refused = assertThrows(FileFormatException.class, () -> Safetensors.read(raw("{} {}", 0)));
        assertTrue(refused.reason().contains("goes on after"), refused::getMessage);
    }

    @Test
    void anUnknownFieldOfATensorIsRefused() throws IOException {
        var file = raw("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"order\":\"F\"}}", 1);
        assertThrows(FileFormatException.class, () -> Safetensors.read(file));
    }

    @Test
    void aControlCharacterInANameCannotReachTheTerminal() throws IOException {
        var file = raw("{\"\\u001b[31m\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1);
        var refused = assertThrows(FileFormatException.class, () -> Safetensors.read(file));
        assertTrue(refused.reason().contains("'\\u001b[31m'"), refused::getMessage);
    }

    @Test
    void aShardedModelReadsWhole() throws IOException {
        var contents = Safetensors.read(golden("sharded/diffusion_pytorch_model.safetensors.index.json"));
        assertEquals(10, contents.tensors().size());
        long bytes = contents.tensors().values().stream()
                .mapToLong(tensor -> tensor.data().remaining())
                .sum();
        assertEquals(24652, bytes); // the index's total_size
    }

    @ParameterizedTest
    @CsvSource({
        "../a.safetensors",
        "/tmp/a.safetensors",
        "sub/a.safetensors",
        "..\\a.safetensors",
        "..",
        "a.pt",
        "a\\u0000.safetensors"
    })
    void aShardOutsideTheIndexFolderIsRefused(String shard) throws IOException {
        Safetensors.write(folder.resolve("a.safetensors"), Map.of("w", floats(1)), Map.of());
        var index = folder.resolve("sub.safetensors.index.json");
        Files.writeString(index, "{\"weight_map\":{\"w\":\"" + shard.replace("\\a", "\\\\a") + "\"}}");
        var refused = assertThrows(FileFormatException.class, () -> Safetensors.read(index));
        assertTrue(refused.reason().contains("shard"), refused::getMessage);
    }

    @Test
    void anIndexAndShardsThatDisagreeAreRefused() throws IOException {
        Safetensors.write(folder.resolve("a.safetensors"), Map.of("w", floats(1), "v", floats(2)), Map.of());
        var index = folder.resolve("m.safetensors.index.json");
        Files.writeString(index, "{\"weight_map\":{\"w\":\"a.safetensors\"}}");
        assertTrue(assertThrows(FileFormatException.class, () -> Safetensors.read(index))
                .reason()
                .contains("holds tensor 'v'"));
        Files.writeString(
                index, "{\"weight_map\":{\"w\":\"a.safetensors\",\"v\":\"a.safetensors\",\"u\":\"a.safetensors\"}}");
        assertTrue(assertThrows(FileFormatException.class, () -> Safetensors.read(index))
                .reason()
                .contains("tensor 'u' is not in shard"));
    }

    @Test
    void whatIsWrittenReadsBackEqual() throws IOException {
        var contents = Safetensors.read(golden("all_dtypes.safetensors"));
        var file = folder.resolve("copy.safetensors");
        Safetensors.write(file, contents.tensors(), contents.metadata());
        assertEquals(contents, Safetensors.read(file));
    }

    @Test
    void tensorsLieWhereTheReferenceWriterPutsThem() throws IOException {
        var reference = golden("all_dtypes.safetensors");
        var contents = Safetensors.read(reference);
        var file = folder.resolve("copy.safetensors");
        Safetensors.write(file, contents.tensors().reversed(), contents.metadata());
        try (var expected = FileBytes.open(reference);
                var actual = FileBytes.open(file)) {
            var expectedHeader = SafetensorsHeader.read(expected);
            var actualHeader = SafetensorsHeader.read(actual);
            assertEquals(expectedHeader.entries(), actualHeader.entries());
            assertEquals(
                    List.copyOf(expectedHeader.entries().keySet()),
                    List.copyOf(actualHeader.entries().keySet()));
            assertEquals(0, actualHeader.dataStart() % 8);
        }
        var again = folder.resolve("again.safetensors");
        Safetensors.write(again, contents.tensors(), contents.metadata());
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(again));
    }

    @Test
    void aTensorLargerThanTheMappingThresholdSurvivesTheRoundTrip() throws IOException {
        var tensor = floats(300_000);
        var file = folder.resolve("large.safetensors");
        Safetensors.write(file, Map.of("w", tensor), Map.of("step", "7"));
        var read = Safetensors.read(file);
        assertEquals(tensor, read.tensors().get("w"));
        assertTrue(read.tensors().get("w").data().isDirect(), "large tensors are mapped");
    }

    @Test
    void theReservedNameIsRefusedBeforeAnythingIsWritten() {
        var file = folder.resolve("x.safetensors");
        assertThrows(
                IllegalArgumentException.class,
                () -> Safetensors.write(file, Map.of("__metadata__", floats(1)), Map.of()));
        assertFalse(Files.exists(file));
    }

    @Test
    void everyTruncationAndManyMutationsGiveARefusalOrACleanResult() throws IOException {
        byte[] good = Files.readAllBytes(golden("all_dtypes.safetensors"));
        var file = folder.resolve("mutant.safetensors");
        for (int length = 0; length < good.length; length++) {
            Files.write(file, Arrays.copyOf(good, length));
            assertThrows(FileFormatException.class, () -> Safetensors.read(file));
        }
        var random = new Random(11);
        int refused = 0;
        for (int i = 0; i < 3000; i++) {
            var mutant = good.clone();
            mutant[random.nextInt(mutant.length)] = (byte) random.nextInt(256);
            Files.write(file, mutant);
            try {
                Safetensors.read(file);
            } catch (FileFormatException expected) {
                refused++;
            }
        }
        assertTrue(refused > 1000, "only " + refused + " of 3000 mutants were noticed");
    }

    private static StoredTensor floats(int n) {
        var data = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < n; i++) {
            data.putFloat(i + 0.5f);
        }
        return new StoredTensor(DType.FLOAT32, Shape.of(n), data.flip());
    }

    /** A file with this header and {@code dataBytes} zero bytes after it. */
    private Path raw(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        var bytes = ByteBuffer.allocate(8 + json.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        return Files.write(folder.resolve("raw.safetensors"), bytes.array());
    }

    @ParameterizedTest
    @CsvSource({"U16, 2", "U32, 4", "U64, 8", "C64, 8", "F8_E4M3, 1", "F8_E5M2, 1"})
    void tensorsOfUnreadTypesAreListedBesideTheOthers(String type, int bytes) throws IOException {
        var header = "{\"a\":{\"dtype\":\"" + type + "\",\"shape\":[3],\"data_offsets\":[0," + 3 * bytes + "]},"
                + "\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[" + 3 * bytes + "," + (3 * bytes + 1)
                + "]}}";
        var opened = TensorFiles.open(raw(header, 3 * bytes + 1));
        assertEquals(Set.of("w"), opened.tensors().keySet());
        assertEquals(type + " [3]", opened.values().get("a").toString());
        assertThrows(
                FileFormatException.class, () -> Safetensors.read(raw(header.replace("[3]", "[4]"), 3 * bytes + 1)));
    }

    @Test
    void aShapeOfMillionsOfDimensionsIsNotPrinted() throws IOException {
        var header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + "1,".repeat(4 << 20) + "1],\"data_offsets\":[0,1]}}";
        var refused = assertThrows(FileFormatException.class, () -> Safetensors.read(raw(header, 1)));
        assertEquals("tensor 'a': shape has more than 64 entries", refused.reason());
    }
}
