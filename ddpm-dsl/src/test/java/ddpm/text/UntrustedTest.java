package ddpm.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UntrustedTest {
    private static final String END = System.lineSeparator();

    @Test
    void whatATerminalObeysIsEscapedAndOtherTextKept() {
        assertEquals(
                "a\\u001b[2J\\u000a\\u202e b \u00fc \uD83D\uDE00",
                Untrusted.escape("a\u001b[2J\n\u202e b \u00fc \uD83D\uDE00"));
        assertEquals("\\ud83d", Untrusted.escape("\uD83D"));
        assertEquals("'it''".replace("''", "\\u0000'"), Untrusted.quote("it\0"));
    }

    @Test
    void longTextIsCutBetweenCharacters() {
        assertEquals("'" + "a".repeat(120) + "...' (200 characters)", Untrusted.quote("a".repeat(200)));
        assertEquals(
                "'" + "a".repeat(119) + "...' (121 characters)", Untrusted.quote("a".repeat(119) + "\uD83D\uDE00"));
        assertEquals("b".repeat(4000) + "... (5000 characters)", Untrusted.printable("b".repeat(5000)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"x\nddpm: done", "x\r\nddpm: done", "x\rddpm: done", "x\n ddpm: done", "x\u2028ddpm: done"})
    void noNameBeginsALineOfItsOwn(String name) {
        assertEquals(1, Untrusted.printable("skipped: " + name).lines().count());
    }

    @Test
    void listsInMessagesStayLists() {
        assertEquals(
                "2 missing:" + END + "  a" + END + "    b\\u0007",
                Untrusted.printable("2 missing:\n  a\n    b\u0007\n"));
    }
}
