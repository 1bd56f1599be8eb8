package ddpm.text;

import java.util.Locale;

/** Text out of files, in messages. */
public final class Untrusted {
    private static final int MAX_QUOTED = 120;

    private Untrusted() {}

    /**
     * Text out of a file, fit for a message: in quotes, control characters escaped (a terminal must not obey a tensor's
     * name), and cut when long.
     */
    public static String quote(String untrusted) {
        var quoted = new StringBuilder("'");
        for (int i = 0; i < untrusted.length(); i++) {
            if (i == MAX_QUOTED) {
                return quoted.append("...' (")
                        .append(untrusted.length())
                        .append(" characters)")
                        .toString();
            }
            char c = untrusted.charAt(i);
            if (Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || Character.isSurrogate(c)) {
                quoted.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('\'').toString();
    }
}
