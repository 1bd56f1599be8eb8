package ddpm.cli;

import ddpm.io.TensorFile;
import ddpm.model.DefaultModel;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The model that a command uses, and which of its weights. */
final class ModelOption {
    static final String WEIGHTS =
            "Of a checkpoint with two sets of weights, the average (ema) or the last step's (raw) (default: ema).";

    @Option(
            names = {"-m", "--model"},
            paramLabel = "PATH",
            description =
                    "A .safetensors or .pt file or a folder of diffusers (default: a small model inside this program).")
    private Path path;

    @Option(names = "--weights", paramLabel = "KIND", defaultValue = "ema", description = WEIGHTS)
    private Weights weights;

    /** The file or folder with all that is in it. */
    TensorFile open() throws IOException {
        return path == null ? DefaultModel.open() : StoredModel.openFile(path, weights);
    }

    /** The model in it. */
    StoredModel model(TensorFile file) throws IOException {
        return StoredModel.of(file, weights);
    }

    /** The last name of the path that was given, for pictures and messages. */
    String name(TensorFile file) {
        return (path == null ? file.path() : path.toAbsolutePath().normalize())
                .getFileName()
                .toString();
    }
}
