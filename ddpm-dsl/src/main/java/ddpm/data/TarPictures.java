package ddpm.data;

import ddpm.data.format.BadImageException;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.StreamCorruptedException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * The files of a tar archive: read from where they lie, or, since nobody can begin in the middle of a gzip file, from a
 * temporary file that the pictures of one are copied to once.
 */
final class TarPictures {
    private static final int BUFFER = 1 << 16;

    /** Bytes that a gzip file may unpack to in any case; beyond them, each byte of it stands for so many more. */
    private static final long FREE_BYTES = 1L << 28;

    private static final long BYTES_PER_BYTE = 64;

    private TarPictures() {}

    /** Keeps the content of an entry for later. */
    private interface Keeping {
        PictureArchive.Member keep(TarReader tar, TarReader.Entry entry) throws IOException;
    }

    static PictureArchive.Members members(Path archive) throws IOException {
        try (InputStream raw = Files.newInputStream(archive);
                InputStream in = new BufferedInputStream(raw, BUFFER)) {
            return members(archive, in, (_, entry) -> () -> read(archive, entry));
        }
    }

    /** The files of a gzipped tar archive. */
    static PictureArchive.Members unpacked(Path archive) throws IOException {
        var spool = new Spool(archive.toString());
        try (InputStream raw = Files.newInputStream(archive);
                InputStream in = new Limited(new GZIPInputStream(raw, BUFFER), archive)) {
            var members = members(archive, in, (tar, entry) -> {
                FolderScan.requireSize(entry.size());
                long at = spool.add(tar.content(entry));
                return () -> spool.read(at, (int) entry.size());
            });
            in.transferTo(OutputStream.nullOutputStream()); // up to the checksum behind all
            return members;
        }
    }

    private static PictureArchive.Members members(Path archive, InputStream in, Keeping keeping) throws IOException {
        var members = new PictureArchive.Members();
        var tar = new TarReader(in);
        for (var entry = tar.next(); entry != null; entry = tar.next()) {
            String name = PictureArchive.plain(archive, entry.name());
            if (entry.kind() == TarReader.Kind.FOLDER) {
                members.folder(name);
            } else {
                members.file(archive, name, member(tar, entry, name, keeping));
            }
        }
        if (!tar.isClosed()) {
            throw new EOFException();
        }
        return members;
    }

    private static PictureArchive.Member member(TarReader tar, TarReader.Entry entry, String name, Keeping keeping)
            throws IOException {
        if (!entry.isFile()) {
            String what = entry.kind() == TarReader.Kind.LINK ? "a link" : "no plain file";
            return () -> {
                throw new BadImageException(
                        "is " + what + " in the archive, and such are not followed; pack what it stands for,"
                                + " by tar -h --hard-dereference");
            };
        }
        if (!PictureListing.isPicture(name) || PictureListing.isHidden(name)) {
            return () -> new byte[0]; // nobody reads it
        }
        try {
            return keeping.keep(tar, entry);
        } catch (BadImageException e) {
            return () -> {
                throw e;
            };
        }
    }

    private static byte[] read(Path archive, TarReader.Entry entry) throws IOException {
        FolderScan.requireSize(entry.size());
        var bytes = ByteBuffer.allocate((int) entry.size());
        try (var channel = FileChannel.open(archive)) {
            while (bytes.hasRemaining()) {
                if (channel.read(bytes, entry.at() + bytes.position()) < 0) {
                    throw new BadImageException("is cut short: the archive became shorter");
                }
            }
        }
        return bytes.array();
    }

    /** A stream that ends in an error where it becomes too long for the file that it comes from. */
    private static final class Limited extends FilterInputStream {
        private final long packed;
        private final long most;
        private long count;

        Limited(InputStream in, Path archive) throws IOException {
            super(in);
            packed = Files.size(archive);
            most = FREE_BYTES + BYTES_PER_BYTE * packed;
        }

        @Override
        public int read() throws IOException {
            var one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = in.read(target, offset, length);
            count += Math.max(read, 0);
            if (count > most) {
                throw new StreamCorruptedException(
                        "unpacks from " + packed + " bytes to more than " + most + ", so it is blank or a bomb");
            }
            return read;
        }

        /** What is skipped is unpacked all the same. */
        @Override
        public long skip(long bytes) throws IOException {
            int most = (int) Math.min(bytes, BUFFER);
            return Math.max(0, read(new byte[most], 0, most));
        }
    }
}
