package ddpm.launch;

import java.lang.management.ManagementFactory;
import java.lang.reflect.InvocationTargetException;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Starts the command line on a Java that can run it: in this very JVM if it is new enough, else in the newest that is
 * installed, with the same arguments, JVM options, streams and exit status. Without one, says in one sentence what to
 * install and exits with status 3.
 */
public final class Launcher {
    /** The oldest Java that the rest of the jar runs on. */
    private static final int REQUIRED = 25;

    /** The status for "no usable Java", the same as for "no usable libtorch". */
    private static final int NO_JAVA = 3;

    /** Set for the JVM that a launcher started, so that a lying release file cannot make it start another for ever. */
    private static final String LAUNCHED = "ddpm.launched";

    private Launcher() {}

    public static void main(String[] args) throws Throwable {
        if (JavaHome.feature(System.getProperty("java.specification.version")) >= REQUIRED) {
            runHere(args);
        } else {
            System.exit(runElsewhere(args));
        }
    }

    private static void runHere(String[] args) throws Throwable {
        try {
            // By name: this class is compiled for Java 8 and could not be compiled against that one.
            Class.forName("ddpm.cli.Main").getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static int runElsewhere(String[] args) throws Exception {
        String here = "Java " + System.getProperty("java.version") + " (" + System.getProperty("java.home") + ")";
        if (System.getProperty(LAUNCHED) != null) {
            return refuse("the Java started from " + System.getProperty(LAUNCHED) + " turned out to be " + here
                    + ", whatever its release file says; let DDPM_JAVA name the folder of a Java " + REQUIRED
                    + " or newer");
        }
        JavaHome java;
        try {
            java = new JavaSearch(REQUIRED, System.getenv(), Paths.get(System.getProperty("user.home")), Paths.get("/"))
                    .find();
        } catch (IllegalStateException e) {
            return refuse(e.getMessage());
        }
        if (java == null) {
            return refuse(
                    "this is " + here + " and ddpm needs Java " + REQUIRED + " or newer, which was not found: install"
                            + " a JDK " + REQUIRED + ", such as Temurin " + REQUIRED
                            + " from https://adoptium.net, and let JAVA_HOME point to it if it is still not found");
        }
        return Child.run(command(java, ManagementFactory.getRuntimeMXBean().getInputArguments(), args));
    }

    private static int refuse(String sentence) {
        System.err.println("ddpm: " + sentence);
        return NO_JAVA;
    }

    /** The command line of the new JVM. */
    static List<String> command(JavaHome java, List<String> options, String[] args) {
        List<String> command = new ArrayList<String>();
        command.add(java.executable().toString());
        // An option that was removed since the old Java must not stop the new one.
        command.add("-XX:+IgnoreUnrecognizedVMOptions");
        // The work is libtorch's. The second compiler makes no step faster, and a quarter of a start's processor time.
        command.add("-XX:TieredStopAtLevel=1");
        for (String option : options) {
            if (isPassedOn(option)) {
                command.add(option);
            }
        }
        command.add("-D" + LAUNCHED + "=" + java.home());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(Launcher.class.getName());
        command.addAll(Arrays.asList(args));
        return command;
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
