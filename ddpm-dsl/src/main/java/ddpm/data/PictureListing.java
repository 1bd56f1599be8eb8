package ddpm.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The image files below a folder, or in an archive of one, in an order that is the same on every machine: by path relative
 * to the folder, written with {@code /}, compared by code points. Hidden files and folders (a leading dot, or {@code
 * lost+found}, or what macOS adds to archives) are not looked at.
 *
 * @param root the folder, or the place in an archive that stands for it
 * @param names relative paths with {@code /}, sorted, without duplicates
 * @param leftOut how many other files there are, by extension in small letters ({@code .txt})
 * @param folders the root's own sub-folders, whether or not there are pictures in them
 * @param contents where the files' bytes come from
 */
record PictureListing(
        Path root, List<String> names, Map<String, Integer> leftOut, List<String> folders, Contents contents) {
    private static final int LISTED = 5;

    /** Extensions of image files, in any mixture of small letters and capitals. */
    static final List<String> EXTENSIONS =
            List.of(".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff");

    /** UTF-8 bytes compare as code points do; Java's own order of strings differs beyond the basic plane. */
    static final Comparator<String> BY_CODE_POINTS =
            Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    /** Reads files by their name in a listing; thread-safe. */
    @FunctionalInterface
    interface Contents {
        /** @throws IOException if the file cannot be read whole; {@link FolderScan#reason} says why */
        byte[] read(String name) throws IOException;
    }

    /** @throws DataException if {@code path} is neither a folder nor an archive, or something in it cannot be listed */
    static PictureListing of(Path path) throws IOException {
        return Files.isRegularFile(path) ? PictureArchive.list(path) : PictureFolder.list(path);
    }

    Path path(String name) {
        return root.resolve(name);
    }

    /** @throws DataException if there are no image files; says what was looked for and what was found */
    PictureListing requireImages() throws DataException {
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

    /** Whether a file of this name is taken for a picture. */
    static boolean isPicture(String name) {
        return EXTENSIONS.contains(extension(name));
    }

    /** Whether any part of a relative path is hidden. Root's folder at the top of a mount is hidden from root as well. */
    static boolean isHidden(String name) {
        return Stream.of(name.split("/"))
                .anyMatch(part -> part.startsWith(".") || part.equals("lost+found") || part.equals("__MACOSX"));
    }

    private static String extension(String name) {
        String last = name.substring(name.lastIndexOf('/') + 1);
        int dot = last.lastIndexOf('.');
        return dot < 0 ? "without extension" : last.substring(dot).toLowerCase(Locale.ROOT);
    }

    /** A listing under construction. */
    static final class Found {
        private final List<String> names = new ArrayList<>();
        private final Map<String, Integer> leftOut = new TreeMap<>();
        private final List<String> folders = new ArrayList<>();

        /** Adds a file that is not hidden. */
        void file(String name) {
            if (isPicture(name)) {
                names.add(name);
            } else {
                leftOut.merge(extension(name), 1, Integer::sum);
            }
        }

        /** Adds one of the root's own sub-folders. */
        void folder(String name) {
            folders.add(name);
        }

        PictureListing in(Path root, Contents contents) {
            names.sort(BY_CODE_POINTS);
            folders.sort(BY_CODE_POINTS);
            return new PictureListing(root, List.copyOf(names), Map.copyOf(leftOut), List.copyOf(folders), contents);
        }
    }
}
