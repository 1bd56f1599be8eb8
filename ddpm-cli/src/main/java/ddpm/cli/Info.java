package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.hub.ModelName;
import ddpm.model.DefaultModel;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm info}: tells what a file is and holds, without libtorch and without running anything in it. */
@Command(
        name = "info",
        description = "Tell what a model file is and holds. Loads no libtorch and runs nothing in the file.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Info implements Callable<Integer> {
    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL",
            description = ModelName.FORMS + "; a .safetensors.index.json (default: the built-in model).")
    private ModelName named;

    @Option(names = "--weights", paramLabel = "KIND", defaultValue = "ema", description = ModelOption.WEIGHTS)
    private Weights weights;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var console = new Console(spec.commandLine().getErr(), false, false);
        var description = Description.of(
                named == null ? DefaultModel.open() : StoredModel.openFile(named.path(console), weights), weights);
        var out = spec.commandLine().getOut();
        out.print(json ? Json.of(description.json()) + System.lineSeparator() : description.text());
        return ExitCode.DONE.status();
    }
}
