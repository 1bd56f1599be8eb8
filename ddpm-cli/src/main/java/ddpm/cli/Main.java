package ddpm.cli;

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
            Compress.class,
            Interpolate.class,
            Data.class,
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
        System.exit(CtrlC.interrupts(() -> run(commandLine(args), args)));
    }

    /** Runs one command line to its exit status; nothing is thrown. */
    static int run(CommandLine command, String... args) {
        try {
            return command.execute(args);
        } catch (Error e) { // picocli lets these pass
            return errors(command).report(e, command.getErr());
        }
    }

    /**
     * The command line for these arguments. Reading all options of all commands takes a quarter of a second, so commands
     * that the arguments do not name are there as {@code --help} lists them only.
     */
    static CommandLine commandLine(String... args) {
        var command = new CommandLine(new Main());
        var named = Set.copyOf(Arrays.asList(args));
        boolean anyMayBe = named.contains(name(COMPLETION))
                || named.stream().anyMatch(arg -> arg.startsWith("@")); // a file of arguments
        for (var type : COMMANDS) {
            boolean whole = anyMayBe || named.contains(name(type));
            command.addSubcommand(name(type), whole ? new CommandLine(type) : new CommandLine(outline(type)));
        }
        var errors = errors(command);
        return command.setParameterExceptionHandler(errors).setExecutionExceptionHandler(errors);
    }

    private static String name(Class<?> type) {
        return type.getAnnotation(Command.class).name();
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
