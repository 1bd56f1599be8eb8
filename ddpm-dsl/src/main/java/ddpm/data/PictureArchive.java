package ddpm.data;

import static ddpm.text.Untrusted.quote;

import ddpm.io.FileFormatException;
import ddpm.text.Reason;
import java.io.EOFException;
import java.io.IOException;
import java.io.StreamCorruptedException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.ZipException;

/**
 * Lists the pictures in a zip or tar archive as if it were unpacked. An archive with nothing but one folder in it counts as
 * that folder. What a file is, is decided by its first bytes.
 *
 * <p>Names only name: nothing is written under them. One that leads outside, or is there twice, refuses the archive, for
 * programs disagree on what is meant.
 */
final class PictureArchive {
    private static final int HEAD = 512;
    private static final int TAR_MARK_AT = 257;

    private PictureArchive() {}

    /** Reads the bytes of one file in an archive; a {@link BadImageException} says why there are none. */
    @FunctionalInterface
    interface Member {
        byte[] read() throws IOException;
    }

    /** The files of an archive by their plain names, and its folders, whose names end in a slash. */
    record Members(SequencedMap<String, Member> files, List<String> folders) {
        Members() {
            this(new LinkedHashMap<>(), new ArrayList<>());
        }

        /** @throws DataException if it is there already */
        void file(Path archive, String name, Member member) throws DataException {
            if (files.put(name, member) != null) {
                throw new DataException(archive + ": " + quote(name) + " is in it twice, which is refused: programs"
                        + " disagree on which one counts; pack it again");
            }
        }

        void folder(String name) {
            if (!name.isEmpty()) { // as ./ is
                folders.add(name.endsWith("/") ? name : name + "/");
            }
        }
    }

    /** @throws DataException if it is no archive, or one that cannot be used */
    static PictureListing list(Path archive) throws IOException {
        try {
            return listing(archive, members(archive));
        } catch (FileFormatException e) {
            throw new DataException(e.getMessage(), e);
        } catch (EOFException e) {
            throw new DataException(archive + " is cut short; fetch or pack it again", e);
        } catch (ZipException e) {
            throw new DataException(
                    archive + " is no sound gzip file (" + e.getMessage() + "); fetch or pack it again", e);
        } catch (StreamCorruptedException e) {
            throw new DataException(archive + " " + e.getMessage() + "; fetch or pack it again", e);
        }
    }

    private static Members members(Path archive) throws IOException {
        String head;
        try (var in = Files.newInputStream(archive)) {
            head = new String(in.readNBytes(HEAD), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new DataException(archive + " cannot be read: " + Reason.of(e), e);
        }
        if (head.startsWith("PK\3\4") || head.startsWith("PK\5\6")) {
            return ZipPictures.members(archive);
        }
        if (head.startsWith("\u001f\u008b")) {
            return TarPictures.unpacked(archive);
        }
        if (head.startsWith("ustar", TAR_MARK_AT)) {
            return TarPictures.members(archive);
        }
        throw new DataException(
                archive + " is a file, and no .zip, .tar or .tar.gz archive; give a folder of pictures, such"
                        + " an archive of one, a folder with MNIST's or CIFAR-10's files, or cifar-10-binary.tar.gz");
    }

    private static PictureListing listing(Path archive, Members members) throws DataException {
        var visible = Stream.concat(members.files().keySet().stream(), members.folders().stream())
                .filter(name -> !PictureListing.isHidden(name)) // in the wrapper too, then
                .toList();
        String wrapper = wrapper(visible);
        var found = new PictureListing.Found();
        var byName = new LinkedHashMap<String, Member>();
        var folders = new TreeSet<String>();
        for (String full : visible) {
            String name = full.substring(wrapper.length());
            var file = members.files().get(full);
            if (file != null) {
                found.file(name);
                byName.put(name, file);
            }
            int slash = name.indexOf('/');
            if (slash >= 0) {
                folders.add(name.substring(0, slash));
            }
        }
        folders.forEach(found::folder);
        var root = wrapper.isEmpty() ? archive : archive.resolve(wrapper);
        return found.in(root, name -> byName.get(name).read());
    }

    /** The one folder that all is in, with a slash; empty if there is none such. */
    private static String wrapper(List<String> names) {
        var outermost = names.stream()
                .map(name -> name.substring(0, name.indexOf('/') + 1))
                .distinct()
                .toList();
        return outermost.size() == 1 ? outermost.getFirst() : "";
    }

    /** The name without {@code ./} before it; refuses one that leads outside the archive or is none here. */
    static String plain(Path archive, String name) throws DataException {
        String plain = name.startsWith("./") ? name.substring(2) : name.equals(".") ? "" : name;
        var parts = List.of(plain.split("/"));
        if (plain.startsWith("/") || plain.indexOf('\\') >= 0 || parts.contains("..") || parts.contains(".")) {
            throw new DataException(archive + ": " + quote(name)
                    + " is a name that points outside the archive, which is refused; pack it again");
        }
        try {
            archive.resolve(plain);
        } catch (InvalidPathException e) {
            throw new DataException(
                    archive + ": " + quote(name) + " is a name that no file can have here (" + e.getReason()
                            + "); pack it again",
                    e);
        }
        if (plain.indexOf('\uFFFD') >= 0) {
            throw new DataException(archive + ": " + quote(name)
                    + " is a name that is no UTF-8; pack it again with a program that writes such names");
        }
        return plain;
    }
}
