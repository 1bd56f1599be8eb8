package ddpm.launch;

import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Starts the command line on a Java that can run it: in this very JVM if it is new enough and its locale can name files,
 * else in another, with the same arguments, JVM options, streams and exit status. A command that loads libtorch starts
 * sooner in another JVM too, once there is a {@link StartArchive} for it. Without a usable Java, says in one sentence
 * what to install and exits with status 3.
 */
public final class Launcher {
    /** The oldest Java that the rest of the jar runs on. */
    private static final int REQUIRED = 25;

    /** The status for "no usable Java", the same as for "no usable libtorch". */
    private static final int NO_JAVA = 3;

    private static final int USAGE = 2;

    /** What every JVM of ours is started with. */
    static final List<String> OPTIONS = Collections.unmodifiableList(Arrays.asList(
            // An option that was removed since the old Java must not stop the new one.
            "-XX:+IgnoreUnrecognizedVMOptions",
            // The work is libtorch's. The second compiler makes no step faster, and a quarter of a start's processor
            // time.
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED"));

    /** The commands that load libtorch, each for long enough that an archive is worth its making. */
    private static final List<String> ON_LIBTORCH =
            Arrays.asList("sample", "train", "evaluate", "quality", "compress", "interpolate", "inpaint");

    private static final Path COMMAND_LINE = Paths.get("/proc/self/cmdline");

    /** Set for the JVM that a launcher started, so that a lying release file cannot make it start another for ever. */
    private static final String LAUNCHED = "ddpm.launched";

    /** Names the process of the launcher to the JVM that it started, which ends with it. */
    private static final String LAUNCHER = "ddpm.launcher";

    private Launcher() {}

    public static void main(String[] args) throws Throwable {
        if (System.getProperty(LAUNCHED) == null && RootHelp.isAskedFor(args)) {
            int status = RootHelp.print();
            if (status >= 0) {
                System.exit(status);
            }
        }
        String[] given;
        try {
            given = Arguments.received(args, System.getProperty(Arguments.PROPERTY));
            if (Arguments.areLost(given)) {
                given = Arguments.asUtf8(given, COMMAND_LINE);
            }
        } catch (IllegalStateException e) {
            refuse(e.getMessage());
            System.exit(USAGE);
            return;
        }
        boolean isNew = JavaHome.feature(System.getProperty("java.specification.version")) >= REQUIRED;
        boolean canRun = isNew && (System.getProperty(LAUNCHED) != null || canNameFiles());
        Path archive = canRun ? archiveForAnother(given) : null;
        if (canRun && archive == null) {
            runHere(given);
        } else {
            System.exit(runElsewhere(isNew, given, archive));
        }
    }

    /** The archive from which another JVM of this Java starts sooner; null if there is none, or this has options. */
    private static Path archiveForAnother(String[] args) {
        if (System.getProperty(LAUNCHED) != null
                || !isOnLibTorch(args)
                || !jvmOptions().isEmpty()) {
            return null;
        }
        JavaHome java = JavaHome.in(Paths.get(System.getProperty("java.home")));
        return java == null ? null : archive(java, args);
    }

    private static boolean isOnLibTorch(String[] args) {
        List<String> given = Arrays.asList(args);
        return args.length > 0 && ON_LIBTORCH.contains(args[0]) && !given.contains("--help") && !given.contains("-h");
    }

    /** The archive for a command, or null: then one is begun, for the next. */
    private static Path archive(JavaHome java, String[] args) {
        StartArchive archive =
                isOnLibTorch(args) && java.feature() >= REQUIRED ? StartArchive.of(java, jar(), System.getenv()) : null;
        Path usable = archive == null ? null : archive.usable();
        if (archive != null && usable == null) {
            archive.makeBesides(java, jar());
        }
        return usable;
    }

    private static String jar() {
        String path = System.getProperty("java.class.path");
        return path.indexOf(File.pathSeparatorChar) < 0
                ? Paths.get(path).toAbsolutePath().toString()
                : path;
    }

    /** The options of this JVM; asking the JVM itself costs a tenth of a second. */
    private static List<String> jvmOptions() {
        try {
            String[] words = new String(Files.readAllBytes(COMMAND_LINE), StandardCharsets.ISO_8859_1).split("\0");
            if (words.length > 1 && words[1].equals("-jar")) {
                return Collections.emptyList(); // those of JAVA_TOOL_OPTIONS, the other JVM reads for itself
            }
        } catch (IOException e) {
            // No /proc
        }
        return ManagementFactory.getRuntimeMXBean().getInputArguments();
    }

    /** Java names files in the locale's charset, and where that is ASCII, as in the C locale, cannot name the others. */
    private static boolean canNameFiles() {
        String charset = System.getProperty("sun.jnu.encoding");
        return charset == null
                || !Charset.isSupported(charset)
                || !Charset.forName(charset).name().equals("US-ASCII");
    }

    private static void runHere(String[] args) throws Throwable {
        try {
            // By name: this class is compiled for Java 8 and could not be compiled against that one.
            Class.forName("ddpm.cli.Main").getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /** @param known the archive to start from, or null where it is not looked for yet */
    private static int runElsewhere(boolean isNew, String[] args, Path known) throws Exception {
        String here = "Java " + System.getProperty("java.version") + " (" + System.getProperty("java.home") + ")";
        if (System.getProperty(LAUNCHED) != null) {
            return refuse("the Java started from " + System.getProperty(LAUNCHED) + " turned out to be " + here
                    + ", whatever its release file says; let DDPM_JAVA name the folder of a Java " + REQUIRED
                    + " or newer");
        }
        JavaHome java;
        try {
            java = isNew
                    ? JavaHome.in(Paths.get(System.getProperty("java.home")))
                    : new JavaSearch(
                                    REQUIRED,
                                    System.getenv(),
                                    Paths.get(System.getProperty("user.home")),
                                    Paths.get("/"))
                            .find();
        } catch (IllegalStateException e) {
            return refuse(e.getMessage());
        }
        if (java == null && isNew) {
            return refuse("the charset of this locale, " + System.getProperty("sun.jnu.encoding")
                    + ", cannot name every file; set LC_ALL=C.UTF-8");
        }
        if (java == null) {
            return refuse(
                    "this is " + here + " and ddpm needs Java " + REQUIRED + " or newer, which was not found: install"
                            + " a JDK " + REQUIRED + ", such as Temurin " + REQUIRED
                            + " from https://adoptium.net, and let JAVA_HOME point to it if it is still not found");
        }
        List<String> options = new ArrayList<String>(jvmOptions());
        Path archive = known != null ? known : archive(java, args);
        if (archive != null) {
            options.add("-XX:AOTCache=" + archive);
        }
        return Child.run(
                command(java, options, args),
                canNameFiles()
                        ? Collections.<String, String>emptyMap()
                        : Collections.singletonMap("LC_ALL", "C.UTF-8"));
    }

    private static int refuse(String sentence) {
        System.err.println("ddpm: " + sentence);
        return NO_JAVA;
    }

    /** The command line of the new JVM. */
    static List<String> command(JavaHome java, List<String> options, String[] args) {
        List<String> command = new ArrayList<String>();
        command.add(java.executable().toString());
        command.addAll(OPTIONS);
        for (String option : options) {
            if (isPassedOn(option)) {
                command.add(option);
            }
        }
        command.add("-D" + LAUNCHED + "=" + java.home());
        command.add("-D" + LAUNCHER + "=" + processId());
        command.add("-cp");
        command.add(jar());
        command.add(Launcher.class.getName());
        if (isAscii(args)) {
            command.addAll(Arrays.asList(args));
        } else { // the old Java's charset may not have their characters
            command.add(command.size() - 3, "-D" + Arguments.PROPERTY + "=" + Arguments.handedOn(args));
        }
        return command;
    }

    private static boolean isAscii(String[] args) {
        for (String arg : args) {
            if (!arg.matches("\\p{ASCII}*")) {
                return false;
            }
        }
        return true;
    }

    /** @return this process's, or 0 if this JVM does not tell */
    private static String processId() {
        try {
            return Paths.get("/proc/self").toRealPath().getFileName().toString();
        } catch (IOException e) {
            // No /proc
        }
        String name = ManagementFactory.getRuntimeMXBean().getName(); // 123@host, also in Java 8
        return name.matches("[0-9]+@.*") ? name.substring(0, name.indexOf('@')) : "0";
    }

    /** All but those that hold a port of this JVM, which the other could not open, and those that only warn today. */
    private static boolean isPassedOn(String option) {
        return !option.startsWith("-agentlib:jdwp")
                && !option.startsWith("-Xrunjdwp")
                && !option.startsWith("-Dcom.sun.management.jmxremote.port")
                && !option.startsWith("--illegal-access")
                && !option.startsWith("-XX:MaxPermSize")
                && !option.startsWith("-XX:PermSize");
    }
}
