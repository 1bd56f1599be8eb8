package ddpm.train;

import ddpm.image.Picture;
import ddpm.io.ProtoMessage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.CRC32C;
import javax.imageio.ImageIO;

/**
 * A file for TensorBoard: TFRecords, each an Event of tensorflow/core/util/event.proto. Every record is whole
 * when a call returns.
 *
 * <p>A record is its length (8 bytes, little-endian), the masked CRC-32C of these 8 bytes, the data, and the masked
 * CRC-32C of the data (tensorflow/core/lib/io/record_writer.h).
 */
final class EventFile {
    /** event.proto, message Event. */
    private static final int WALL_TIME = 1;

    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;
    private static final int SESSION_LOG = 7;

    /** event.proto, message SessionLog: a start at a step makes TensorBoard forget what other files had from it on. */
    private static final int STATUS = 1;

    private static final int START = 1;

    /** summary.proto, messages Summary, Summary.Value and Summary.Image. */
    private static final int VALUE = 1;

    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;
    private static final int IMAGE = 4;
    private static final int IMAGE_HEIGHT = 1;
    private static final int IMAGE_WIDTH = 2;
    private static final int IMAGE_COLORSPACE = 3;
    private static final int IMAGE_PNG = 4;

    private final AppendFile file;

    /**
     * A new file in {@code folder}, named after the time and the process as TensorBoard expects.
     *
     * @param step steps made so far; 0 at the start of a run
     */
    EventFile(Path folder, long step) throws IOException {
        long now = System.currentTimeMillis();
        file = new AppendFile(folder.resolve(String.format(
                Locale.ROOT,
                "events.out.tfevents.%010d.ddpm.%d.%03d",
                now / 1000,
                ProcessHandle.current().pid(),
                now % 1000)));
        write(new ProtoMessage().text(FILE_VERSION, "brain.Event:2"));
        if (step > 0) {
            write(new ProtoMessage().varint(STEP, step).message(SESSION_LOG, new ProtoMessage().varint(STATUS, START)));
        }
    }

    /** One number of a step under a name such as {@code train/loss}. */
    void scalar(long step, String tag, double value) throws IOException {
        summary(step, new ProtoMessage().text(TAG, tag).float32(SIMPLE_VALUE, (float) value));
    }

    /** One picture of a step. */
    void image(long step, String tag, Picture picture) throws IOException {
        var png = new ByteArrayOutputStream();
        ImageIO.write(picture.toBufferedImage(), "png", png);
        var image = new ProtoMessage()
                .varint(IMAGE_HEIGHT, picture.height())
                .varint(IMAGE_WIDTH, picture.width())
                .varint(IMAGE_COLORSPACE, picture.channels())
                .bytes(IMAGE_PNG, png.toByteArray());
        summary(step, new ProtoMessage().text(TAG, tag).message(IMAGE, image));
    }

    private void summary(long step, ProtoMessage value) throws IOException {
        write(new ProtoMessage().varint(STEP, step).message(SUMMARY, new ProtoMessage().message(VALUE, value)));
    }

    private void write(ProtoMessage event) throws IOException {
        var data = event.float64(WALL_TIME, System.currentTimeMillis() / 1e3).toBytes();
        var length = ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(data.length)
                .array();
        var record = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + data.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put(length)
                .putInt(maskedCrc(length))
                .put(data)
                .putInt(maskedCrc(data));
        file.append(record.array());
    }

    /** CRC-32C turned right by 15 bits plus a constant, so that a checksum of data with checksums in it is no accident. */
    static int maskedCrc(byte[] bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return Integer.rotateRight((int) crc.getValue(), 15) + 0xa282ead8;
    }
}
