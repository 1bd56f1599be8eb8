package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.hub.ModelName;
import ddpm.io.TensorFile;
import ddpm.model.DefaultModel;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import java.io.IOException;
import picocli.CommandLine.Option;

/** The model that a command uses, and which of its weights. */
final class ModelOption {
    static final String WEIGHTS =
            "Of a checkpoint with two sets of weights, the average (ema) or the last step's (raw) (default: ema).";

    @Option(
            names = {"-m", "--model"},
            paramLabel = "MODEL",
            description = ModelName.FORMS + " (default: a small model inside this program).")
    private ModelName named;

    @Option(names = "--weights", paramLabel = "KIND", defaultValue = "ema", description = WEIGHTS)
    private Weights weights;

    /** The file or folder with all that is in it; a model of the hub is fetched if need be. */
    TensorFile open(Console console) throws IOException {
        return named == null ? DefaultModel.open() : StoredModel.openFile(named.path(console), weights);
    }

    /** The model in it. */
    StoredModel model(TensorFile file) throws IOException {
        return StoredModel.of(file, weights);
    }

    /** The last name of what was given, for pictures and messages. */
    String name(TensorFile file) {
        return named == null ? file.path().getFileName().toString() : named.shortName();
    }
}
