package ddpm.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReasonTest {
    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new AccessDeniedException("a"), "a: no permission; change it or name another place"),
                Arguments.of(new NoSuchFileException("a"), "a: there is no such file or folder"),
                Arguments.of(new NotDirectoryException("a"), "a: is no folder"),
                Arguments.of(new FileSystemException("a", null, "File name too long"), "a: File name too long"),
                Arguments.of(new FileSystemException("a"), "a: failed (FileSystemException)"),
                Arguments.of(new IOException("No space left on device"), "No space left on device"),
                Arguments.of(new IOException(), "java.io.IOException"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void everyFailureHasOne(IOException failure, String reason) {
        assertEquals(reason, Reason.of(failure));
    }
}
