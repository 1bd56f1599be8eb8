package ddpm.data;

import java.io.IOException;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * A file in memory as decoders read it, which stops those that would not stop: whoever reads past the end again and again,
 * or goes on after {@link #stop}, meets an exception.
 */
final class DecoderInput extends ImageInputStreamImpl {
    /** Decoders look for the end once or twice. */
    private static final int READS_PAST_END = 64;

    private final byte[] file;
    private int readsPastEnd;
    private volatile boolean stopped;

    DecoderInput(byte[] file) {
        this.file = file;
    }

    /** Has the next read fail; from any thread. */
    void stop() {
        stopped = true;
    }

    @Override
    public long length() {
        return file.length;
    }

    @Override
    public int read() throws IOException {
        bitOffset = 0;
        return remaining() == 0 ? -1 : file[(int) streamPos++] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        bitOffset = 0;
        int count = Math.min(length, remaining());
        if (count == 0) {
            return length == 0 ? 0 : -1;
        }
        System.arraycopy(file, (int) streamPos, target, offset, count);
        streamPos += count;
        return count;
    }

    private int remaining() throws IOException {
        if (stopped) {
            throw new IOException("the decoder was stopped");
        }
        int remaining = (int) Math.max(0, file.length - streamPos);
        if (remaining == 0 && ++readsPastEnd > READS_PAST_END) {
            throw new IOException("the decoder reads on past the end of the file");
        }
        return remaining;
    }
}
