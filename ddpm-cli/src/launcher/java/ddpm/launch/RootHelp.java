package ddpm.launch;

import java.io.ByteArrayOutputStream;
import java.io.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;
import java.util.Properties;

/**
 * The text of {@code ddpm --help}, with colours and without, as the program wrote it when the jar was made. To let it write
 * that again takes a quarter of a second, and a second JVM where this one is old. Whenever it is not plain which of the two
 * the program would choose, it is asked.
 */
final class RootHelp {
    /** Settings of colour that are left to the program. */
    private static final String[] COLOUR_SETTINGS = {"CLICOLOR", "CLICOLOR_FORCE", "ConEmuANSI"};

    private static final int DONE = 0;
    private static final int FAILED = 1;

    private RootHelp() {}

    static boolean isAskedFor(String[] args) {
        return args.length == 1 && (args[0].equals("--help") || args[0].equals("-h"));
    }

    /**
     * Writes the text to standard output.
     *
     * @return the exit status, or -1 if the program is to be asked
     */
    static int print() {
        String name = resource(System.getenv(), System.getProperties(), isTerminal());
        if (name == null) {
            return -1;
        }
        try {
            byte[] text = read(name);
            if (text == null) {
                return -1; // a jar that was made without it
            }
            new FileOutputStream(FileDescriptor.out).write(text);
            return DONE;
        } catch (IOException e) {
            System.err.println("ddpm: standard output: not written whole: " + e.getMessage());
            return FAILED;
        }
    }

    /** The file that has the text, by picocli's rules for colours; null where they are not as simple as this. */
    static String resource(Map<String, String> environment, Properties properties, boolean terminal) {
        for (String setting : COLOUR_SETTINGS) {
            if (environment.containsKey(setting)) {
                return null;
            }
        }
        for (String property : properties.stringPropertyNames()) {
            if (property.startsWith("picocli.")) {
                return null;
            }
        }
        if (properties.getProperty("os.name").startsWith("Windows")) {
            return null; // whose terminals have rules of their own
        }
        return terminal && !environment.containsKey("NO_COLOR") ? "help-coloured.txt" : "help.txt";
    }

    /** Whether standard input and output are a terminal: in Java 22 and later there may be a console without. */
    private static boolean isTerminal() {
        Console console = System.console();
        if (console == null) {
            return false;
        }
        try {
            return (Boolean) Console.class.getMethod("isTerminal").invoke(console);
        } catch (NoSuchMethodException e) {
            return true;
        } catch (IllegalAccessException e) {
            return true;
        } catch (InvocationTargetException e) {
            return true;
        }
    }

    private static byte[] read(String name) throws IOException {
        InputStream in = RootHelp.class.getResourceAsStream(name);
        if (in == null) {
            return null;
        }
        try {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                text.write(buffer, 0, read);
            }
            return text.toByteArray();
        } finally {
            in.close();
        }
    }
}
