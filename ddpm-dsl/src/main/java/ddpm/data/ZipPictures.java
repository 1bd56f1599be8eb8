package ddpm.data;

import ddpm.data.format.BadImageException;
import ddpm.io.FileFormatException;
import ddpm.io.ZipContents;
import ddpm.io.ZipDirectory;
import java.io.IOException;
import java.nio.file.Path;

/** The files of a zip archive, read from where they lie. */
final class ZipPictures {
    /** Bytes that a file may inflate to in any case; beyond them, each byte in the archive stands for so many more. */
    private static final long FREE_BYTES = 16 << 20;

    private static final long BYTES_PER_BYTE = 64;

    private ZipPictures() {}

    static PictureArchive.Members members(Path archive) throws IOException {
        var zip = ZipContents.open(archive);
        var members = new PictureArchive.Members();
        for (ZipDirectory.Entry entry : zip.entries().values()) {
            String name = PictureArchive.plain(archive, entry.name());
            if (entry.isFolder()) {
                members.folder(name);
            } else {
                members.file(archive, name, () -> read(zip, entry));
            }
        }
        return members;
    }

    private static byte[] read(ZipContents zip, ZipDirectory.Entry entry) throws IOException {
        if (entry.isLink()) {
            throw new BadImageException("is a link in the archive, which is not followed; pack what it leads to");
        }
        FolderScan.requireSize(entry.size());
        if (entry.size() > FREE_BYTES + BYTES_PER_BYTE * entry.packed()) {
            throw new BadImageException("inflates from " + entry.packed() + " to " + entry.size()
                    + " bytes, so it is blank or a bomb; above " + FREE_BYTES + " bytes there must be a byte for every "
                    + BYTES_PER_BYTE);
        }
        try {
            return zip.read(entry);
        } catch (FileFormatException e) {
            throw new BadImageException("cannot be read: " + e.reason(), e);
        }
    }
}
