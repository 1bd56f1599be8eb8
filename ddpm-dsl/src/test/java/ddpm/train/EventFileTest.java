package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.image.Images;
import ddpm.torch.Shape;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files, read back by code that shares nothing with the writer. */
class EventFileTest {
    @TempDir
    Path temp;

    /** CRC-32C bit by bit, from its polynomial. */
    private static int crc(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : crc >>> 1 ^ 0x82F63B78;
            }
        }
        return ~crc;
    }

    private static int masked(byte[] bytes) {
        int crc = crc(bytes);
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    private List<byte[]> records() throws IOException {
        Path file;
        try (var files = Files.list(temp)) {
            file = files.filter(f -> f.getFileName().toString().startsWith("events.out.tfevents."))
                    .findFirst()
                    .orElseThrow();
        }
        var in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        var records = new ArrayList<byte[]>();
        while (in.hasRemaining()) {
            var length = new byte[8];
            in.get(length);
            assertEquals(masked(length), in.getInt());
            var data = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            in.get(data);
            assertEquals(masked(data), in.getInt());
            records.add(data);
        }
        return records;
    }

    /** Fields by number; fixed32 as Float, fixed64 as Double, varint as Long, the rest as byte[]. */
    private static Map<Integer, Object> message(byte[] bytes) {
        var in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        var fields = new HashMap<Integer, Object>();
        while (in.hasRemaining()) {
            long tag = varint(in);
            fields.put(
                    (int) (tag >>> 3),
                    switch ((int) tag & 7) {
                        case 0 -> (Object) varint(in);
                        case 1 -> in.getDouble();
                        case 2 -> {
                            var value = new byte[(int) varint(in)];
                            in.get(value);
                            yield value;
                        }
                        case 5 -> in.getFloat();
                        default -> throw new IllegalStateException("wire type of tag " + tag);
                    });
        }
        return fields;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; ; shift += 7) {
            byte b = in.get();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
    }

    private static Map<Integer, Object> inner(Map<Integer, Object> fields, int field) {
        return message((byte[]) fields.get(field));
    }

    private static String text(Object bytes) {
        return new String((byte[]) bytes, StandardCharsets.UTF_8);
    }

    @Test
    void theChecksumIsTheKnownOne() {
        // The check value of CRC-32C; turned right by 15 bits it is 2507c60d, and a282ead8 more is c78ab0e5.
        var digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertEquals(0xe3069283, crc(digits));
        assertEquals(0xc78ab0e5, EventFile.maskedCrc(digits));
    }

    @Test
    void scalarsAndImagesAreReadBack() throws IOException {
        var events = new EventFile(temp, 0);
        events.scalar(300, "train/loss", 0.25);
        var picture = Images.of(new float[] {-1, 1, 0, 1, -1, 0}, Shape.of(1, 1, 2, 3))
                .picture(0);
        events.image(1L << 40, "samples", picture);
        var records = records();
        assertEquals(3, records.size());
        var version = message(records.get(0));
        assertEquals("brain.Event:2", text(version.get(3)));
        assertTrue((Double) version.get(1) > 1.7e9, "seconds since 1970");
        var scalar = message(records.get(1));
        assertEquals(300L, scalar.get(2));
        var value = inner(inner(scalar, 5), 1);
        assertEquals("train/loss", text(value.get(1)));
        assertEquals(0.25f, value.get(2));
        var image = message(records.get(2));
        assertEquals(1L << 40, image.get(2));
        var shown = inner(inner(inner(image, 5), 1), 4);
        assertEquals(List.of(2L, 3L, 1L), List.of(shown.get(1), shown.get(2), shown.get(3)));
        var png = ImageIO.read(new ByteArrayInputStream((byte[]) shown.get(4)));
        assertArrayEquals(new int[] {3, 2}, new int[] {png.getWidth(), png.getHeight()});
        assertEquals(0xffffffff, png.getRGB(1, 0));
    }

    @Test
    void aResumedRunTellsWhichStepsAreMadeAgain() throws IOException {
        new EventFile(temp, 77);
        var start = message(records().get(1));
        assertEquals(77L, start.get(2));
        assertEquals(1L, inner(start, 7).get(1));
    }
}
