package ddpm.torch.natives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the expected paths are written as Unix writes them")
class CacheRootTest {
    private static final Map<String, String> LINUX = Map.of("os.name", "Linux", "user.home", "/home/ada");

    @Test
    void thePropertyWinsOverTheVariableWinsOverTheHabit() throws IOException {
        Map<String, String> both = Map.of("os.name", "Linux", "user.home", "/home/ada", "ddpm.cache", "/p");
        assertEquals(Path.of("/p"), resolve(Map.of("DDPM_CACHE", "/e", "XDG_CACHE_HOME", "/x"), both));
        assertEquals(Path.of("/e"), resolve(Map.of("DDPM_CACHE", "/e", "XDG_CACHE_HOME", "/x"), LINUX));
        assertEquals(Path.of("/x/ddpm"), resolve(Map.of("XDG_CACHE_HOME", "/x"), LINUX));
        assertEquals(Path.of("/home/ada/.cache/ddpm"), resolve(Map.of(), LINUX));
        assertEquals(Path.of("/home/eve/.cache/ddpm"), resolve(Map.of("HOME", "/home/eve"), LINUX));
    }

    @Test
    void blankMeansUnsetAndRelativeXdgIsIgnored() throws IOException {
        assertEquals(
                Path.of("/home/ada/.cache/ddpm"), resolve(Map.of("DDPM_CACHE", " ", "XDG_CACHE_HOME", "x"), LINUX));
    }

    @Test
    void aRelativeRootIsTakenFromTheWorkingDirectory() throws IOException {
        assertEquals(Path.of("cache").toAbsolutePath(), resolve(Map.of("DDPM_CACHE", "./cache"), LINUX));
    }

    @Test
    void macAndWindowsKeepTheirHabits() throws IOException {
        assertEquals(
                Path.of("/Users/ada/Library/Caches/ddpm"),
                resolve(Map.of(), Map.of("os.name", "Mac OS X", "user.home", "/Users/ada")));
        Map<String, String> windows = Map.of("os.name", "Windows 11", "user.home", "/ada");
        assertEquals(Path.of("/local/ddpm"), resolve(Map.of("LOCALAPPDATA", "/local"), windows));
        assertEquals(Path.of("/ada/AppData/Local/ddpm"), resolve(Map.of(), windows));
    }

    @Test
    void aUserWithoutHomeIsToldWhatToSet() throws IOException {
        IOException e =
                assertThrows(IOException.class, () -> resolve(Map.of(), Map.of("os.name", "Linux", "user.home", "?")));
        assertTrue(e.getMessage().contains("no home folder") && e.getMessage().contains("DDPM_CACHE"), e.getMessage());
    }

    @Test
    void aValueThatIsNoPathIsNamed() throws IOException {
        IOException e = assertThrows(IOException.class, () -> resolve(Map.of("DDPM_CACHE", "/a\0b"), LINUX));
        assertTrue(e.getMessage().contains("variable DDPM_CACHE is \"/a\0b\""), e.getMessage());
    }

    private static Path resolve(Map<String, String> environment, Map<String, String> properties) throws IOException {
        return CacheRoot.resolve(environment, properties::get);
    }
}
