package ddpm.cli;

import picocli.CommandLine;
import picocli.CommandLine.Option;

/** Whether a command that takes long tells how it goes. */
final class QuietOption {
    @Option(
            names = {"-q", "--quiet"},
            description = "No progress and no notes on standard error.")
    private boolean quiet;

    Console console(CommandLine line) {
        return new Console(line.getErr(), Terminal.isStandardError(), quiet);
    }
}
