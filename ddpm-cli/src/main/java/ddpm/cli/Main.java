package ddpm.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The root command, {@code ddpm}. Neither {@code --help} nor {@code --version} loads libtorch. */
@Command(
        name = "ddpm",
        description = "Denoising diffusion probabilistic models (Ho, Jain, Abbeel 2020) on libtorch.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:failed",
            "2:wrong usage",
            "3:no usable libtorch or Java",
            "4:no such device",
            "130:interrupted"
        })
public final class Main implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    /** @param args the command line; the JVM ends with one of {@link ExitCode}'s values */
    public static void main(String[] args) {
        System.exit(commandLine().execute(args));
    }

    static CommandLine commandLine() {
        return new CommandLine(new Main());
    }

    /** Without a command there is nothing to do: says so, and what there is. */
    @Override
    public Integer call() {
        CommandLine command = spec.commandLine();
        command.getErr().println("Missing command");
        command.usage(command.getErr());
        return ExitCode.USAGE.status();
    }

    /** The version that the jar's manifest states. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = Main.class.getPackage().getImplementationVersion();
            return new String[] {
                "ddpm " + (version == null ? "(not packaged)" : version),
                "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
            };
        }
    }
}
