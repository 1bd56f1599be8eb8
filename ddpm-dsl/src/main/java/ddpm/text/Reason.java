package ddpm.text;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Reasons of failures in words. Exceptions of java.nio often hold a path and no more. */
public final class Reason {
    private Reason() {}

    /** Describes a failure: the file if one is known, what is wrong with it, and where that helps, what to do. */
    public static String of(IOException failure) {
        if (!(failure instanceof FileSystemException named)) {
            return failure.getMessage() == null ? failure.toString() : failure.getMessage();
        }
        var words = named.getReason() != null
                ? named.getReason()
                : switch (named) {
                    case NoSuchFileException _ -> "there is no such file or folder";
                    case AccessDeniedException _ -> "no permission; change it or name another place";
                    case FileAlreadyExistsException _ -> "is a file where a folder is needed; name another place";
                    case NotDirectoryException _ -> "is no folder";
                    case DirectoryNotEmptyException _ -> "is a folder that is not empty";
                    default -> "failed (" + named.getClass().getSimpleName() + ")";
                };
        return named.getFile() == null ? words : named.getFile() + ": " + words;
    }
}
