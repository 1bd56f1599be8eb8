package ddpm.cli;

import ddpm.cli.console.StandardOutput;
import ddpm.cli.hub.Models;
import ddpm.cli.process.CtrlC;
import ddpm.cli.process.Parent;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
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
    private static final Class<?> COMPLETION = AutoComplete.GenerateCompletion.class;

    /** In the order in which {@code --help} lists them. */
    private static final List<Class<?>> COMMANDS = List.of(
            Sample.class,
            Train.class,
            Evaluate.class,
            Quality.class,
            Compress.class,
            Interpolate.class,
            Inpaint.class,
            Data.class,
            Models.class,
            Info.class,
            Convert.class,
            Doctor.class,
            COMPLETION);

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "Print a stack trace with every error, and why what was left open was chosen so.")
    private boolean verbose;

    @Spec
    private CommandSpec spec;

    /** @param args the command line; the JVM ends with one of {@link ExitCode}'s values */
    public static void main(String[] args) {
        System.exit(CtrlC.interrupts(() -> {
            Parent.endWith(ExitCode.INTERRUPTED.status());
            return run(commandLine(args).setOut(new StandardOutput()), args);
        }));
    }

    /** Runs one command line to its exit status; nothing is thrown, and a result that standard output lost is a failure. */
    static int run(CommandLine command, String... args) {
        int status;
        try {
            status = command.execute(args);
        } catch (Error e) { // picocli lets these pass
            status = errors(command).report(e, command.getErr());
        }
        var lost = StandardOutput.failure(command.getOut());
        if (lost == null) {
            return status;
        }
        command.getErr().println("ddpm: standard output: not written whole: " + lost);
        command.getErr().flush();
        return status == ExitCode.DONE.status() ? ExitCode.FAILED.status() : status;
    }

    /**
     * The command line for these arguments. Reading all options of all commands takes a quarter of a second, so commands
     * that the arguments do not name are there as {@code --help} lists them only.
     */
    static CommandLine commandLine(String... args) {
        var command = new CommandLine(new Main()).setExpandAtFiles(false); // @name is a file's name
        var named = Set.copyOf(Arrays.asList(args));
        boolean all = named.contains(name(COMPLETION));
        for (var type : COMMANDS) {
            boolean whole = all || named.contains(name(type));
            command.addSubcommand(
                    name(type), whole ? versioned(new CommandLine(type)) : new CommandLine(outline(type)));
        }
        var errors = errors(command);
        return Values.taught(command).setParameterExceptionHandler(errors).setExecutionExceptionHandler(errors);
    }

    private static String name(Class<?> type) {
        return type.getAnnotation(Command.class).name();
    }

    /** Commands in packages below have the program's version too, without knowing this class. */
    private static CommandLine versioned(CommandLine command) {
        var spec = command.getCommandSpec();
        if (spec.versionProvider() == null) {
            spec.versionProvider(new Version());
            command.getSubcommands().values().forEach(Main::versioned);
        }
        return command;
    }

    private static CommandSpec outline(Class<?> type) {
        var described = type.getAnnotation(Command.class);
        var spec = CommandSpec.create().name(described.name());
        spec.usageMessage().header(described.header()).description(described.description());
        return spec;
    }

    /** Whether the command line of this command says so. */
    static boolean isVerbose(CommandSpec spec) {
        return spec.root().userObject() instanceof Main main && main.verbose;
    }

    private static Errors errors(CommandLine command) {
        Main main = command.getCommand();
        return new Errors(() -> main.verbose);
    }

    /** Without a command there is nothing to do: says so, and what there is. */
    @Override
    public Integer call() {
        throw new ParameterException(
                spec.commandLine(),
                "missing command: one of "
                        + String.join(", ", spec.subcommands().keySet()));
    }

    /** The version that the jar's manifest states. */
    static final class Version implements CommandLine.IVersionProvider {
        /** {@code ddpm 1.0.0}. */
        static String program() {
            var version = Main.class.getPackage().getImplementationVersion();
            return "ddpm " + (version == null ? "(not packaged)" : version);
        }

        @Override
        public String[] getVersion() {
            return new String[] {
                program(),
                "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
            };
        }
    }
}
