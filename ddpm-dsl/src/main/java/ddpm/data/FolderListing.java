package ddpm.data;

import ddpm.text.Reason;
import ddpm.text.Untrusted;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The image files below a folder in an order that is the same on every machine: by path relative to the folder, written
 * with {@code /}, compared by code points. Links are followed, a link into its own parents once; hidden files and
 * folders (a leading dot, or {@code lost+found}) are not looked at.
 *
 * @param root the folder
 * @param names relative paths with {@code /}, sorted, without duplicates
 * @param leftOut how many other files there are, by extension in small letters ({@code .txt})
 * @param folders the root's own sub-folders, whether or not there are pictures in them
 */
record FolderListing(Path root, List<String> names, Map<String, Integer> leftOut, List<String> folders) {
    private static final int LISTED = 5;

    /** Extensions of image files, in any mixture of small letters and capitals. */
    static final List<String> EXTENSIONS =
            List.of(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff");

    /** UTF-8 bytes compare as code points do; Java's own order of strings differs beyond the basic plane. */
    static final Comparator<String> BY_CODE_POINTS =
            Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    /** @throws DataException if {@code root} is no folder or something in it cannot be listed */
    static FolderListing of(Path root) throws IOException {
        if (!Files.isDirectory(root)) {
            throw new DataException(
                    root + (Files.exists(root) ? " is a file" : " does not exist") + "; give a folder of images");
        }
        var visitor = new Visitor(root);
        Files.walkFileTree(root, EnumSet.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, visitor);
        visitor.names.sort(BY_CODE_POINTS);
        visitor.folders.sort(BY_CODE_POINTS);
        return new FolderListing(
                root, List.copyOf(visitor.names), Map.copyOf(visitor.leftOut), List.copyOf(visitor.folders));
    }

    Path path(String name) {
        return root.resolve(name);
    }

    /** @throws DataException if there are no image files; says what was looked for and what was found */
    FolderListing requireImages() throws DataException {
        if (!names.isEmpty()) {
            return this;
        }
        throw new DataException(root + " holds 0 images: looked there and in its subfolders for "
                + String.join(", ", EXTENSIONS) + " (in small letters or capitals), and found "
                + (leftOut.isEmpty() ? "no files" : describe(leftOut))
                + "; give a folder with images");
    }

    /** For example {@code 12 other files (10 .txt, 2 .json)}. */
    static String describe(Map<String, Integer> leftOut) {
        int count = leftOut.values().stream().mapToInt(Integer::intValue).sum();
        String most = leftOut.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue()
                        .reversed()
                        .thenComparing(Map.Entry.comparingByKey()))
                .limit(LISTED)
                .map(entry -> entry.getValue() + " " + entry.getKey())
                .collect(Collectors.joining(", "));
        return count + " other file" + (count == 1 ? "" : "s") + " (" + most + (leftOut.size() > LISTED ? ", .." : "")
                + ")";
    }

    private static String extension(String name) {
        int dot = name.lastIndexOf('.');
        return dot < 0 ? "without extension" : name.substring(dot).toLowerCase(Locale.ROOT);
    }

    private static final class Visitor extends SimpleFileVisitor<Path> {
        private final Path root;
        private final List<String> names = new ArrayList<>();
        private final Map<String, Integer> leftOut = new TreeMap<>();
        private final List<String> folders = new ArrayList<>();

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
                folders.add(folder.getFileName().toString());
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws DataException {
            if (!isHidden(file)) {
                String extension = extension(file.getFileName().toString());
                if (EXTENSIONS.contains(extension)) {
                    String name = root.relativize(file).toString();
                    requireDecoded(name, file);
                    names.add(name.replace(root.getFileSystem().getSeparator(), "/"));
                } else {
                    leftOut.merge(extension, 1, Integer::sum);
                }
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

        /** Root's folder at the top of a mount, which nobody else may list, is hidden from root as well. */
        private static boolean isHidden(Path path) {
            String name = path.getFileName().toString();
            return name.startsWith(".") || name.equals("lost+found");
        }
    }
}
