package ddpm.cli.result;

import ddpm.io.WholeFile;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * A place named on the command line for results. Wrong ones are refused before the work that would fill them.
 *
 * @param path the file or folder
 * @param isFolder whether it is a folder to put files in
 */
public record Destination(Path path, boolean isFolder) {
    /**
     * @param option the option it came from, for messages
     * @param folders whether a folder will do
     * @param extensions what a file's name may end in, in lower case
     * @throws IllegalArgumentException if the text is neither
     */
    public static Destination parse(String option, String text, boolean folders, String... extensions) {
        Path path;
        try {
            path = Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(option + " '" + text + "': " + e.getReason());
        }
        boolean slash = text.endsWith("/") || text.endsWith(File.separator);
        for (var extension : extensions) {
            if (!slash && text.toLowerCase(Locale.ROOT).endsWith(extension)) {
                if (Files.isDirectory(path)) {
                    throw new IllegalArgumentException(
                            option + " " + text + ": is a folder; name a file in it, such as "
                                    + path.resolve("samples" + extension)
                                    + (folders ? ", or end the name in / for one file per image" : ""));
                }
                return new Destination(path, false);
            }
        }
        if (folders && !text.isBlank() && (slash || Files.isDirectory(path))) {
            return new Destination(path, true);
        }
        throw new IllegalArgumentException(option + " '" + text + "': end a file's name in "
                + String.join(" or ", extensions) + (folders ? ", or a folder's in / for one file per image" : ""));
    }

    /**
     * The file that an option names.
     *
     * @throws ParameterException if the name ends in none of the extensions
     */
    public static Destination of(CommandLine line, String option, String text, String... extensions) {
        try {
            return parse(option, text, false, extensions);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(line, e.getMessage(), e);
        }
    }

    /** The file that an option names, tried out; null where the option was not given. */
    public static Destination prepared(CommandLine line, String option, String text, String... extensions)
            throws IOException {
        if (text == null) {
            return null;
        }
        var destination = of(line, option, text, extensions);
        destination.prepare();
        return destination;
    }

    /** A file or folder of any name. */
    public static Destination anyName(String option, String text) {
        try {
            var path = Path.of(text).normalize();
            if (path.getFileName() != null && !path.getFileName().toString().isBlank()) {
                return new Destination(path, false);
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(option + " '" + text + "': " + e.getReason(), e);
        }
        throw new IllegalArgumentException(option + " '" + text + "': name a file or a new folder");
    }

    /** Whether two names are one file. */
    public boolean isSameAs(Destination other) {
        return path.toAbsolutePath()
                .normalize()
                .equals(other.path.toAbsolutePath().normalize());
    }

    /** Makes the folder that the results go to, with its parents, and tries whether a file can be written there. */
    public void prepare() throws IOException {
        var folder = isFolder ? path : path.toAbsolutePath().getParent();
        if (!Files.isDirectory(folder)) { // createDirectories would refuse a symbolic link to a folder
            Files.createDirectories(folder);
        }
        WholeFile.tryOut(isFolder ? path.resolve("image-000000.png") : path);
    }
}
