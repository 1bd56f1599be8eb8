package ddpm.io;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SequencedMap;

/** The files in a ZIP archive, read whole and one by one. The archive is opened anew for each, from any thread. */
public final class ZipContents {
    private final Path path;
    private final ZipDirectory directory;

    private ZipContents(Path path, ZipDirectory directory) {
        this.path = path;
        this.directory = directory;
    }

    /**
     * Reads an archive's directory.
     *
     * @throws FileFormatException if it is damaged, or holds an entry that is encrypted, there twice, compressed by anything
     *     but deflate, or named so that it would lead outside
     */
    public static ZipContents open(Path path) throws IOException {
        try (var file = FileBytes.open(path)) {
            return new ZipContents(path, new ZipDirectory(file));
        }
    }

    /** Entries by name, in the directory's order. Names are relative and without {@code ..}. */
    public SequencedMap<String, ZipDirectory.Entry> entries() {
        return directory.entries();
    }

    /**
     * All bytes of an entry, whose size the caller has judged.
     *
     * @throws FileFormatException if they are not those that the directory speaks of
     * @throws ArithmeticException for 2 GiB or more
     */
    public byte[] read(ZipDirectory.Entry entry) throws IOException {
        try (var file = FileBytes.open(path)) {
            return new ZipArchive(file, directory).contents(entry);
        }
    }
}
