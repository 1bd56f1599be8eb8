package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pickles written by hand, opcode by opcode, in files of the legacy layout; one character is one byte. */
class CraftedPickleTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private static final String STORAGE_OF_8_FLOATS =
            "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0kX\3\0\0\0cpuK\10NtQ";
    private static final String REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n(";
    private static final String NO_HOOKS = "}";
    private static final String TOO_MUCH = "asks for more memory or work";

    @TempDir
    Path folder;

    /** A legacy file with this object, and one storage {@code k} of floats 0, 1, 2... when {@code floats} is not 0. */
    private Path file(String object, int floats) throws IOException {
        var out = new ByteArrayOutputStream();
        out.writeBytes(latin1("\u0080\2\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\31."));
        out.writeBytes(latin1("\u0080\2M\u00e9\3."));
        out.writeBytes(latin1("\u0080\2}."));
        out.writeBytes(latin1("\u0080\2" + object));
        out.writeBytes(latin1(floats == 0 ? "\u0080\2]." : "\u0080\2]X\1\0\0\0ka."));
        if (floats > 0) {
            var storage = ByteBuffer.allocate(8 + 4 * floats).order(ByteOrder.LITTLE_ENDIAN);
            storage.putLong(floats);
            for (int i = 0; i < floats; i++) {
                storage.putFloat(i);
            }
            out.writeBytes(storage.array());
        }
        return Files.write(folder.resolve("crafted.pt"), out.toByteArray());
    }

    private static byte[] latin1(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private Object read(String object) throws IOException {
        return TorchFile.read(file(object, 0)).root();
    }

    private void assertRefused(String reason, Path file) {
        var refused = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            var thrown = assertThrows(FileFormatException.class, () -> TensorFiles.open(file));
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < 512L << 20, () -> allocated + " bytes were allocated");
            return thrown;
        });
        assertTrue(refused.reason().contains(reason), refused::getMessage);
    }

    private void assertRefused(String reason, String object) throws IOException {
        assertRefused(reason, file(object, 0));
    }

    @Test
    void formsThatOtherProtocolsAndPythonTwoUseAreRead() throws IOException {
        assertEquals("py2", read("U\3py2."));
        assertEquals("py2", read("T\3\0\0\0py2."));
        assertEquals("long", read("\u008d\4\0\0\0\0\0\0\0long."));
        assertEquals(ByteBuffer.wrap(new byte[] {1, 2}), read("C\2\1\2."));
        assertEquals(ByteBuffer.wrap(new byte[] {1, 2}), read("B\2\0\0\0\1\2."));
        assertEquals(ByteBuffer.wrap(new byte[] {1, 2}), read("\u008e\2\0\0\0\0\0\0\0\1\2."));
        assertEquals(ByteBuffer.allocate(0), read("cbuiltins\nbytes\n)R."));
        assertEquals(Set.of(1L, 2L), read("\u008f(K\1K\2\u0090."));
        assertEquals(-2L, read("\u008b\1\0\0\0\u00fe."));
        assertEquals(0L, read("\u008a\0."));
        assertEquals(List.of(7L, 7L), read("K\0072\u0086."));
        assertEquals(List.of(5L, 6L), read("](K\1K\0021(K\5K\6e."));
        assertEquals(List.of(9L), read("]K\t\u0094a."));
    }

    @Test
    void aTensorOfAHandWrittenPickleReads() throws IOException {
        var object =
                "}X\1\0\0\0w" + REBUILD + STORAGE_OF_8_FLOATS + "K\2K\2K\2\u0086K\3K\1\u0086\u0089" + NO_HOOKS + "tRs.";
        var tensor = TensorFiles.read(file(object, 8)).get("w");
        var values = new float[4];
        tensor.data().asFloatBuffer().get(values);
        assertEquals("[2.0, 3.0, 5.0, 6.0]", Arrays.toString(values));
    }

    @Test
    void sharingThatUnfoldsIntoBillionsIsRefused() throws IOException {
        var bomb = new StringBuilder("]q\0" + "0");
        for (char i = 1; i <= 40; i++) {
            bomb.append('(')
                    .append(("h" + (char) (i - 1)).repeat(10))
                    .append('t')
                    .append('q')
                    .append(i)
                    .append('0');
        }
        assertRefused("unfolds into more than", bomb + "h\50.");
    }

    @Test
    void nestingIsRefusedBeyondAHundredLevelsHoweverItIsReached() throws IOException {
        read("]".repeat(99) + "a".repeat(98) + ".");
        assertRefused("deeper than 100", "]".repeat(300) + "a".repeat(299) + ".");
        assertRefused("deeper than 100", "]".repeat(20_000) + "a".repeat(19_999) + ".");
        // a chain of 60 made once, then put at the end of another chain of 60
        assertRefused(
                "deeper than 100",
                "]".repeat(60) + "a".repeat(59) + "q\0" + "]".repeat(60) + "h\0" + "a".repeat(60) + "\u0086.");
    }

    @Test
    void manyViewsOfOneStorageCannotSwell() throws IOException {
        int floats = 128 << 10; // 512 KiB, small enough to be copied rather than mapped
        var storage = STORAGE_OF_8_FLOATS.replace("K\10N", "J\0\0\2\0N");
        var object = new StringBuilder("](").append(storage).append("q\0" + "0");
        for (int i = 0; i < 5000; i++) {
            object.append(REBUILD)
                    .append("h\0K\0J\0\0\2\0\u0085K\1\u0085\u0089")
                    .append(NO_HOOKS)
                    .append("tR");
        }
        var file = file(object + "e.", floats);
        var refused = assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            var thrown = assertThrows(FileFormatException.class, () -> TensorFiles.open(file));
            assertTrue(THREADS.getCurrentThreadAllocatedBytes() - before < 64L << 20);
            return thrown;
        });
        assertTrue(refused.reason().contains("would swell"), refused::getMessage);
    }

    @Test
    void aLongKeyAboveManyEntriesCannotSwell() throws IOException {
        var object =
                new StringBuilder("}X\0\0\20\0").append("k".repeat(1 << 20)).append("}(");
        for (int i = 0; i < 1000; i++) {
            object.append("M").append((char) (i & 0xff)).append((char) (i >> 8)).append('N');
        }
        assertRefused("unfolds into more names", object + "us.");
    }

    @Test
    void stackMemoAndMarksAreBounded() throws IOException {
        assertRefused(TOO_MUCH, "N" + "\u0094".repeat(2_100_000) + ".");
        assertRefused(TOO_MUCH, "]0".repeat(1_100_000) + "N.");
        assertRefused(TOO_MUCH, "](" + "}NNs".repeat(990_000) + "e.");
        assertRefused("its pickle is refused", "N".repeat(16_000_000) + ".");
        assertRefused("its pickle is refused", "(".repeat(16_000_000) + ".");
        assertRefused("an integer of 300 bytes", "\u008b\54\1\0\0" + "x".repeat(300) + ".");
    }

    /** Each does with two or three bytes what costs as much as its longest text. */
    @Test
    void workThatIsAskedForAgainAndAgainIsPaidFor() throws IOException {
        var text = "X\0\0\1\0" + "k".repeat(1 << 16) + "q\0";
        assertRefused(TOO_MUCH, "}(" + text + "N" + "h\0N".repeat(20_000) + "u.");
        assertRefused(TOO_MUCH, "\u008f(" + text + "h\0".repeat(20_000) + "\u0090.");
        assertRefused(
                TOO_MUCH, "c_codecs\nencode\nq\1" + text + "0" + "h\1h\0X\6\0\0\0latin1\u0086R0".repeat(20_000) + "N.");
        assertRefused("a device has at most", "ctorch\ndevice\n" + text + "K\1\u0086R.");
        var list = "](" + "M\1\1".repeat(1 << 14) + "eq\0" + "0cbuiltins\nset\nq\1" + "0";
        assertRefused(TOO_MUCH, list + "h\1h\0\u0085R0".repeat(2_000) + "N.");
    }

    @ParameterizedTest
    @CsvSource({"bytes_key_small.pt", "device_small.pt", "unfold.pt"})
    void smallFilesThatSwelledAreRefused(String name) {
        assertRefused("", Path.of("src/test/resources/hostile").resolve(name));
    }

    /** Written by NumPy and Python, protocol 2. */
    @Test
    void numbersOfNumpyCountersAndByteArraysStandBesideTheTensors() throws IOException {
        var object = "}q\000(X\004\000\000\000lossq\001cnumpy._core.multiarray\nscalar\nq\002cnumpy\ndtype\nq\003X"
                + "\002\000\000\000f8q\004\211\210\207q\005Rq\006(K\003X\001\000\000\000<q\007NNNJ\377\377\377\377"
                + "J\377\377\377\377K\000tq\010bc_codecs\nencode\nq\011X\011\000\000\000\000\000\000\000\000\000"
                + "\303\220?q\nX\006\000\000\000latin1q\013\206q\014Rq\015\206q\016Rq\017X\004\000\000\000stepq"
                + "\020h\002h\003X\002\000\000\000i8q\021\211\210\207q\022Rq\023(K\003h\007NNNJ\377\377\377\377J"
                + "\377\377\377\377K\000tq\024bh\011X\020\000\000\000\303\271\303\277\303\277\303\277\303\277\303"
                + "\277\303\277\303\277q\025h\013\206q\026Rq\027\206q\030Rq\031X\004\000\000\000halfq\032h\002h"
                + "\003X\002\000\000\000f2q\033\211\210\207q\034Rq\035(K\003h\007NNNJ\377\377\377\377J\377\377\377"
                + "\377K\000tq\036bh\011X\002\000\000\000\000>q\037h\013\206q Rq!\206q\"Rq#X\003\000\000\000bigq$h"
                + "\002h\003X\002\000\000\000u4q%\211\210\207q&Rq'(K\003h\007NNNJ\377\377\377\377J\377\377\377\377"
                + "K\000tq(bh\011X\005\000\000\000\000(k\303\256q)h\013\206q*Rq+\206q,Rq-X\004\000\000\000flagq.h"
                + "\002h\003X\002\000\000\000b1q/\211\210\207q0Rq1(K\003X\001\000\000\000|q2NNNJ\377\377\377\377J"
                + "\377\377\377\377K\000tq3bh\011X\001\000\000\000\001q4h\013\206q5Rq6\206q7Rq8X\002\000\000\000be"
                + "q9h\002h\003X\002\000\000\000i2q:\211\210\207q;Rq<(K\003h\007NNNJ\377\377\377\377J\377\377\377"
                + "\377K\000tq=bh\011X\002\000\000\000\002\001q>h\013\206q?Rq@\206qARqBX\n\000\000\000milestonesqC"
                + "ccollections\nCounter\nqD}qE(K\003K\001K\011K\002u\205qFRqGu.";
        assertEquals(
                "{loss=0.25, step=-7, half=1.5, big=4000000000, flag=true, be=258, milestones={3=1, 9=2}}",
                read(object).toString());
    }

    @Test
    void aParameterWithStateIsItsTensor() throws IOException {
        var tensor = REBUILD + STORAGE_OF_8_FLOATS + "K\0K\2\u0085K\1\u0085\u0089" + NO_HOOKS + "tR";
        var object = "}X\1\0\0\0wctorch._utils\n_rebuild_parameter_with_state\n(" + tensor + "\u0088" + NO_HOOKS
                + "}X\1\0\0\0aK\1stRs.";
        assertEquals(2, TensorFiles.read(file(object, 8)).get("w").shape().numel());
    }

    @Test
    void whatIsNoPlainValueIsRefused() throws IOException {
        assertRefused("neither text nor a number", "})K\1s.");
        assertRefused("neither text nor a number", "\u008f()\u0090.");
        assertRefused("elements of a set", "cbuiltins\nset\n])a\u0085R.");
        assertRefused("attributes other than", "}}X\1\0\0\0aK\1sb.");
        assertRefused("class or function as a value", "ccollections\nOrderedDict\n.");
        assertRefused("class or function as a value", "ctorch\nFloatStorage\n.");
        assertRefused("one of the allowed names", "K\1)R.");
        assertRefused("it must have no arguments", "ccollections\nOrderedDict\nK\1\u0085R.");
        assertRefused("argument 1 is not", "ctorch\ndevice\nX\4\0\0\0cudaX\1\0\0\0x\u0086R.");
        assertRefused("the text is not latin1", "c_codecs\nencode\nX\2\0\0\0\u00c4\u0080X\6\0\0\0latin1\u0086R.");
        assertRefused("is not a tensor's storage", "K\1Q.");
        assertRefused("holds storage 'k' outside a tensor", file(STORAGE_OF_8_FLOATS + ".", 8));
    }

    @Test
    void namesMatchWholeAndOnly() throws IOException {
        assertRefused("'collections.OrderedDictionary'", "ccollections\nOrderedDictionary\n.");
        assertRefused("'os.system'", "cos\nsystem\n.");
        assertRefused("'torch.serialization.os'", "X\5\0\0\0torchX\20\0\0\0serialization.os\u0093.");
        assertRefused("is refused", "X\14\0\0\0collections\nX\13\0\0\0OrderedDict\u0093.");
        assertRefused("names a global", "K\1K\1\u0093.");
        assertRefused("in more than 1000 characters", "c" + "a".repeat(2000) + "\n\n.");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            INST       | i
            OBJ        | o
            NEWOBJ     | \u0081
            NEWOBJ_EX  | \u0092
            EXT1       | \u0082
            PERSID     | P
            INT        | I
            BYTEARRAY8 | \u0096
            """)
    void opcodesThatMakeInstancesOrCallOutAreRefused(String name, String opcode) throws IOException {
        assertRefused("opcode 0x", "(" + opcode + "x\ny\n.");
    }

    @Test
    void aTensorsArgumentsAreChecked() throws IOException {
        var hook = "}X\1\0\0\0hK\1s";
        var begin = REBUILD + STORAGE_OF_8_FLOATS;
        assertRefused("hooks and metadata", file(begin + "K\0K\2\u0085K\1\u0085\u0089" + hook + "tR.", 8));
        assertRefused("hooks and metadata", file(begin + "K\0K\2\u0085K\1\u0085\u0089}" + hook + "tR.", 8));
        assertRefused("6 or 7 arguments", file(begin + "K\0K\2\u0085K\1\u0085tR.", 8));
        assertRefused("argument 1", file(begin + "NK\2\u0085K\1\u0085\u0089}tR.", 8));
        assertRefused("whole numbers", file(begin + "K\0N\u0085K\1\u0085\u0089}tR.", 8));
        assertRefused("negative stride", file(begin + "K\0K\2\u0085J\u00ff\u00ff\u00ff\u00ff\u0085\u0089}tR.", 8));
        assertRefused("at most 64 dimensions", file(begin + "K\0(" + "K\1".repeat(65) + "tK\1\u0085\u0089}tR.", 8));
        assertRefused("past the end", file(begin + "K\7K\2\u0085K\1\u0085\u0089}tR.", 8));
        assertRefused("offset 9", file(begin + "K\tK\0\u0085K\1\u0085\u0089}tR.", 8));
    }

    @Test
    void storagesMustBeDescribedOnceAndBeThere() throws IOException {
        var asInts = STORAGE_OF_8_FLOATS.replace("FloatStorage", "IntStorage");
        assertRefused("is described twice", file("]" + STORAGE_OF_8_FLOATS + "a" + asInts + "a.", 8));
        assertRefused("before 0.4", file(STORAGE_OF_8_FLOATS.replace("NtQ", "K\1tQ") + ".", 8));
        assertRefused("announced", file("]" + STORAGE_OF_8_FLOATS + "a.", 7));
        assertRefused("lists other storages", file("N.", 7));
        assertRefused("lists other storages", file("]" + STORAGE_OF_8_FLOATS + "a.", 0));
    }

    @Test
    void bytesAfterTheLastStorageAreRefused() throws IOException {
        var file = file("N.", 0);
        byte[] longer = Arrays.copyOf(Files.readAllBytes(file), (int) Files.size(file) + 3);
        assertRefused("has 3 bytes after", Files.write(file, longer));
    }

    @Test
    void aPlainPickleIsNotTakenForATorchFile() throws IOException {
        var file = Files.write(folder.resolve("plain.pkl"), latin1("\u0080\2}."));
        assertRefused("not one that torch.save wrote", file);
    }

    @Test
    void aStateDictsMetadataIsPassedOver() throws IOException {
        assertEquals(Map.of("a", 1L), read("ccollections\nOrderedDict\n)RX\1\0\0\0aK\1s}X\11\0\0\0_metadata}sb."));
    }
}
