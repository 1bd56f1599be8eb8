package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunFolderTest {
    @ParameterizedTest
    @ValueSource(strings = {"fa-IR", "ar-EG", "mr-IN", "en-US"})
    @ResourceLock(Resources.LOCALE)
    void stepsAreNamedAlikeInEveryLocale(String tag) {
        var before = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag(tag));
        try {
            var grid = new RunFolder(Path.of("run")).samples(12345);
            assertEquals(Path.of("run/samples/step-00012345.png"), grid);
            assertEquals(12345, RunFolder.step(grid));
        } finally {
            Locale.setDefault(before);
        }
    }

    /** Without this the test above would show nothing. */
    @Test
    void someLocalesHaveDigitsOfTheirOwn() {
        assertNotEquals("7", String.format(Locale.forLanguageTag("fa-IR"), "%d", 7));
    }
}
