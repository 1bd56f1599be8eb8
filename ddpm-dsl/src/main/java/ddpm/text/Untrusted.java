package ddpm.text;

import java.util.Locale;

/** Text out of files and of others' programs, made fit to be shown: a terminal must not obey a tensor's name. */
public final class Untrusted {
    private static final int MAX_QUOTED = 120;
    private static final int MAX_LINE = 4000;

    private Untrusted() {}

    /** Quotes a text for a message: escaped as by {@link #escape}, and cut when long. */
    public static String quote(String untrusted) {
        if (untrusted.length() <= MAX_QUOTED) {
            return "'" + escape(untrusted) + "'";
        }
        int end = Character.isHighSurrogate(untrusted.charAt(MAX_QUOTED - 1)) ? MAX_QUOTED - 1 : MAX_QUOTED;
        return "'" + escape(untrusted.substring(0, end)) + "...' (" + untrusted.length() + " characters)";
    }

    /** Writes control characters, line ends, direction marks and lone surrogates as {@code \\u001b}. */
    public static String escape(String untrusted) {
        var escaped = new StringBuilder();
        untrusted.codePoints().forEach(c -> {
            switch (Character.getType(c)) {
                case Character.CONTROL,
                        Character.FORMAT,
                        Character.SURROGATE,
                        Character.LINE_SEPARATOR,
                        Character.PARAGRAPH_SEPARATOR -> escaped.append(String.format(Locale.ROOT, "\\u%04x", c));
                default -> escaped.appendCodePoint(c);
            }
        });
        return escaped.toString();
    }

    /**
     * Escapes a message that may list things on lines of their own, each of which is indented. Any other line end came
     * with a name and is escaped like the rest, so that no name can begin a line that looks like the program's. Lines of
     * more than some thousand characters are cut.
     */
    public static String printable(String message) {
        var lines = message.stripTrailing().split("\\R(?=  )");
        for (int i = 0; i < lines.length; i++) {
            var line = lines[i];
            lines[i] = line.length() <= MAX_LINE
                    ? escape(line)
                    : escape(line.substring(0, MAX_LINE)) + "... (" + line.length() + " characters)";
        }
        return String.join(System.lineSeparator(), lines);
    }
}
