package ddpm.data;

import ddpm.text.Reason;
import ddpm.text.Untrusted;
import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;

/** Lists the pictures below a folder. Links are followed, a link into its own parents once. */
final class PictureFolder {
    private PictureFolder() {}

    /** @throws DataException if {@code root} is no folder or something in it cannot be listed */
    static PictureListing list(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            throw new DataException(
                    root + (Files.exists(root) ? " is a file" : " does not exist") + "; give a folder of images");
        }
        var visitor = new Visitor(root);
        Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
        return visitor.found.in(root, name -> FolderScan.bytes(root.resolve(name)));
    }

    private static final class Visitor extends SimpleFileVisitor<Path> {
        private final Path root;
        private final PictureListing.Found found = new PictureListing.Found();

        Visitor(Path root) {
            this.root = root;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            if (folder.equals(root)) {
                return FileVisitResult.CONTINUE;
            }
            if (isHidden(folder)) {
                return FileVisitResult.SKIP_SUBTREE;
            }
            if (folder.getParent().equals(root)) {
                found.folder(folder.getFileName().toString());
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws DataException {
            if (!isHidden(file)) {
                String relative = root.relativize(file).toString();
                String name = relative.replace(root.getFileSystem().getSeparator(), "/");
                if (PictureListing.isPicture(name)) {
                    requireDecoded(relative, file);
                }
                found.file(name);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException reason) throws IOException {
            if (reason instanceof FileSystemLoopException) {
                return FileVisitResult.CONTINUE; // what the link leads back to is listed already
            }
            if (isHidden(file)) {
                return FileVisitResult.CONTINUE;
            }
            throw new DataException(
                    Reason.of(reason) + "; it cannot be listed, so make it readable or move it away", reason);
        }

        /** Bytes that are no text in the locale's charset become U+FFFD, and such a name finds no file again. */
        private void requireDecoded(String name, Path file) throws DataException {
            try {
                if (name.indexOf('\uFFFD') < 0 || root.resolve(name).equals(file)) {
                    return;
                }
            } catch (InvalidPathException e) {
                // said below
            }
            throw new DataException(root + " holds a file whose name is no text in the charset of this locale, "
                    + System.getProperty("sun.jnu.encoding") + ": " + Untrusted.quote(name)
                    + "; rename it, or set LC_ALL to a locale of its charset");
        }

        private static boolean isHidden(Path path) {
            return PictureListing.isHidden(path.getFileName().toString());
        }
    }
}
