package ddpm.launch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Arguments as they were given, byte for byte. A JVM decodes its arguments by the locale's charset, and puts U+FFFD where
 * that has no character: in the C locale, for every byte that is not ASCII.
 */
final class Arguments {
    /** The property in which a launcher hands on what its own locale cannot say. */
    static final String PROPERTY = "ddpm.arguments";

    private static final char LOST = '\uFFFD';

    private Arguments() {}

    /** @return whether the locale's charset lost some of these */
    static boolean areLost(String[] args) {
        for (String arg : args) {
            if (arg.indexOf(LOST) >= 0) {
                return true;
            }
        }
        return false;
    }

    /**
     * Reads the arguments anew, as UTF-8.
     *
     * @param args as this JVM decoded them
     * @param commandLine what {@code /proc/self/cmdline} holds
     * @throws IllegalStateException if that is not possible; the message names the argument
     */
    static String[] asUtf8(String[] args, Path commandLine) {
        List<byte[]> raw = new ArrayList<byte[]>();
        try {
            ByteArrayOutputStream word = new ByteArrayOutputStream();
            for (byte b : Files.readAllBytes(commandLine)) {
                if (b == 0) {
                    raw.add(word.toByteArray());
                    word.reset();
                } else {
                    word.write(b);
                }
            }
        } catch (IOException e) {
            // No /proc: said below
        }
        String[] read = new String[args.length];
        for (int i = 0; i < args.length; i++) {
            read[i] = args[i];
            if (args[i].indexOf(LOST) >= 0) {
                try {
                    byte[] bytes = raw.get(raw.size() - args.length + i);
                    read[i] = StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString();
                } catch (CharacterCodingException e) {
                    throw undecodable(i, args[i]);
                } catch (IndexOutOfBoundsException e) {
                    throw undecodable(i, args[i]);
                }
            }
        }
        return read;
    }

    private static IllegalStateException undecodable(int index, String arg) {
        return new IllegalStateException("argument " + (index + 1) + ", '" + arg.replace(LOST, '?')
                + "', is neither in the charset of this locale nor in UTF-8, so the file that it names would not be found"
                + " again; set LC_ALL to a locale of its charset, or rename the file");
    }

    /** @return ASCII that {@link #received} reads again, whatever the locale */
    static String handedOn(String[] args) {
        StringBuilder text = new StringBuilder();
        for (String arg : args) {
            for (char c : arg.toCharArray()) {
                boolean plain = c > ' ' && c < 0x7F && c != '%' && c != ',';
                text.append(plain ? String.valueOf(c) : String.format(Locale.ROOT, "%%%04x", (int) c));
            }
            text.append(',');
        }
        return text.toString();
    }

    /**
     * @param args as this JVM decoded them
     * @param handedOn the property's value, or null
     * @return the arguments that the launcher handed on, or else these
     */
    static String[] received(String[] args, String handedOn) {
        if (handedOn == null) {
            return args;
        }
        String[] words = handedOn.split(",", -1);
        String[] received = Arrays.copyOf(words, words.length - 1);
        for (int i = 0; i < received.length; i++) {
            StringBuilder word = new StringBuilder();
            String escaped = received[i];
            for (int at = 0; at < escaped.length(); at++) {
                if (escaped.charAt(at) == '%') {
                    word.append((char) Integer.parseInt(escaped.substring(at + 1, at + 5), 16));
                    at += 4;
                } else {
                    word.append(escaped.charAt(at));
                }
            }
            received[i] = word.toString();
        }
        return received;
    }
}
