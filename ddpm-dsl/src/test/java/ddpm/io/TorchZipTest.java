package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.Golden;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ZIP layout of torch.save: what is written, and what is refused when it is read. */
class TorchZipTest {
    @TempDir
    Path folder;

    private static StoredTensor floats(int n) {
        var data = ByteBuffer.allocate(4 * n).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < n; i++) {
            data.putFloat(i + 0.5f);
        }
        return new StoredTensor(DType.FLOAT32, Shape.of(n), data.flip());
    }

    private Path written() throws IOException {
        var file = folder.resolve("written.pt");
        TorchFile.write(file, new LinkedHashMap<>(Map.of("w", floats(20))));
        return file;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1_zip",
                "4_bfloat16",
                "5_views_and_dtypes",
                "6c_module_state_dict_with_metadata",
                "9j_300_tensors"
            })
    void whatIsWrittenReadsBackEqualAndInOrder(String name) throws IOException {
        var tensors = TensorFiles.read(Golden.path("G_pt_format/" + name + ".pt"));
        var file = folder.resolve("copy.pt");
        TorchFile.write(file, tensors);
        var copy = TorchFile.read(file);
        assertEquals(TorchFile.Layout.ZIP, copy.layout());
        assertEquals(tensors, copy.root());
        assertEquals(List.copyOf(tensors.keySet()), List.copyOf(((SequencedMap<?, ?>) copy.root()).keySet()));
    }

    @Test
    void recordsAreStoredAndAlignedAsTorchDoes() throws IOException {
        var file = written();
        try (var zip = new ZipFile(file.toFile())) {
            var names = new ArrayList<String>();
            for (var entry : zip.stream().toList()) {
                names.add(entry.getName());
                assertEquals(ZipEntry.STORED, entry.getMethod());
                try (var in = zip.getInputStream(entry)) {
                    assertEquals(entry.getSize(), in.readAllBytes().length); // also verifies the checksum
                }
            }
            assertEquals(List.of("archive/data.pkl", "archive/byteorder", "archive/data/0", "archive/version"), names);
        }
        byte[] bytes = Files.readAllBytes(file);
        int at = indexOf(bytes, floats(20).data());
        assertTrue(at > 0 && at % 64 == 0, "data begins at byte " + at);
    }

    private static int indexOf(byte[] bytes, ByteBuffer part) {
        for (int i = 0; i + part.remaining() <= bytes.length; i++) {
            if (part.equals(ByteBuffer.wrap(bytes, i, part.remaining()))) {
                return i;
            }
        }
        return -1;
    }

    @Test
    void equalTensorsGiveEqualBytesUnderAnyFileName() throws IOException {
        var other = folder.resolve("other-name.pt");
        TorchFile.write(other, Map.of("w", floats(20)));
        assertArrayEquals(Files.readAllBytes(written()), Files.readAllBytes(other));
    }

    @Test
    void namesOfAnyScriptSurviveAndHalfASurrogatePairIsRefused() throws IOException {
        var file = folder.resolve("names.pt");
        TorchFile.write(file, Map.of("扩散.ü🎲", floats(1)));
        assertEquals(List.of("扩散.ü🎲"), List.copyOf(TensorFiles.read(file).keySet()));
        var before = Files.readAllBytes(file);
        assertThrows(IOException.class, () -> TorchFile.write(file, Map.of("\ud83c", floats(1))));
        assertArrayEquals(before, Files.readAllBytes(file));
    }

    @Test
    void aFlippedBitInATensorIsNoticed() throws IOException {
        var file = written();
        byte[] bytes = Files.readAllBytes(file);
        bytes[indexOf(bytes, floats(20).data()) + 13] ^= 1;
        assertRefused("does not match its checksum", Files.write(file, bytes));
    }

    @Test
    void aRecordWithoutAChecksumReads() throws IOException {
        var file = written();
        byte[] bytes = Files.readAllBytes(file);
        var expected = TensorFiles.read(file);
        int patched = 0;
        for (int at : centralHeaders(bytes)) {
            ByteBuffer.wrap(bytes).putInt(at + 16, 0);
            patched++;
        }
        assertEquals(4, patched);
        assertEquals(expected, TensorFiles.read(Files.write(file, bytes)));
    }

    @Test
    void encryptedAndOddlyCompressedEntriesAreRefused() throws IOException {
        var file = written();
        byte[] good = Files.readAllBytes(file);
        int header = centralHeaders(good).getFirst();
        byte[] bytes = good.clone();
        bytes[header + 8] |= 1;
        assertRefused("is encrypted", Files.write(file, bytes));
        bytes = good.clone();
        bytes[header + 10] = 12;
        assertRefused("compression method 12", Files.write(file, bytes));
    }

    private static List<Integer> centralHeaders(byte[] bytes) {
        var headers = new ArrayList<Integer>();
        for (int i = 0; i + 4 <= bytes.length; i++) {
            if (bytes[i] == 'P' && bytes[i + 1] == 'K' && bytes[i + 2] == 1 && bytes[i + 3] == 2) {
                headers.add(i);
            }
        }
        return headers;
    }

    @Test
    void recordsThatInflateFarBeyondTheirFileAreRefused() throws IOException {
        var zeros = new StoredTensor(DType.UINT8, Shape.of(32 << 20), ByteBuffer.allocate(32 << 20));
        var pickle = StateDictPickle.of(Map.of("w", zeros));
        assertRefused("would swell", zip(Map.of("a/data.pkl", pickle, "a/data/0", zeros.data())));
        assertRefused(
                "more than is allowed for compressed tensors",
                zip(Map.of("a/data.pkl", pickle, "a/version", zeros.data())));
    }

    @Test
    void entriesThatShareBytesAreRefused() throws IOException {
        var tensor = new StoredTensor(DType.UINT8, Shape.of(1000), ByteBuffer.allocate(1000));
        var file = folder.resolve("overlapping.pt");
        TorchFile.write(file, Map.of("a", tensor, "b", tensor));
        var bytes = Files.readAllBytes(file);
        var headers = centralHeaders(bytes);
        var zip = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int second = headers.get(headers.size() - 2); // of the tensors, before the version
        zip.putInt(second + 42, zip.getInt(second + 42) - 100);
        Files.write(file, bytes);
        assertRefused("inside another that ends at", file);
    }

    @Test
    void otherZipFilesAreRefusedByWhatTheyLack() throws IOException {
        var pickle = ByteBuffer.wrap(new byte[] {(byte) 0x80, 2, 'N', '.'});
        assertRefused("one top folder", zip(Map.of("data.pkl", pickle)));
        assertRefused("one top folder", zip(Map.of("a/data.pkl", pickle, "b/version", pickle)));
        assertRefused("one top folder", zip(Map.of("word/document.xml", pickle)));
        assertRefused("format version", zip(Map.of("a/data.pkl", pickle, "a/version", text("11\n"))));
        assertRefused("byte order 'middle'", zip(Map.of("a/data.pkl", pickle, "a/byteorder", text("middle"))));
        assertNull(TorchFile.read(zip(Map.of("a/data.pkl", pickle, "a/version", text("10\n"))))
                .root());
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A deflated ZIP of these entries. */
    private Path zip(Map<String, ByteBuffer> entries) throws IOException {
        var file = folder.resolve("zipped.pt");
        try (var out = new ZipOutputStream(Files.newOutputStream(file))) {
            for (var entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                var contents = entry.getValue().duplicate();
                byte[] bytes = new byte[contents.remaining()];
                contents.get(bytes);
                out.write(bytes);
            }
        }
        return file;
    }

    private static void assertRefused(String reason, Path file) {
        var refused = assertThrows(FileFormatException.class, () -> TorchFile.read(file));
        assertTrue(refused.reason().contains(reason), refused::getMessage);
    }
}
