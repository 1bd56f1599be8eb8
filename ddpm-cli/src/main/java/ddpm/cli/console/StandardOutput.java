package ddpm.cli.console;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Writer;

/** Standard output that, unlike {@link System#out}, keeps the reason why it failed: a full disk, a reader that is gone. */
public final class StandardOutput extends PrintWriter {
    private final Bytes bytes;

    private static final class Bytes extends FileOutputStream {
        private IOException failure;

        Bytes() {
            super(FileDescriptor.out);
        }

        @Override
        public void write(byte[] source, int from, int length) throws IOException {
            try {
                super.write(source, from, length);
            } catch (IOException e) {
                failure = e;
                throw e;
            }
        }
    }

    public StandardOutput() {
        this(new Bytes());
    }

    private StandardOutput(Bytes bytes) {
        super(new OutputStreamWriter(bytes, System.out.charset()));
        this.bytes = bytes;
    }

    /** Writes what is buffered, and returns the reason why any of the output is lost, or null. */
    public static String failure(Writer out) {
        if (!(out instanceof PrintWriter printer) || !printer.checkError()) {
            return null;
        }
        return printer instanceof StandardOutput ours && ours.bytes.failure != null
                ? ours.bytes.failure.getMessage()
                : "unknown reason";
    }
}
