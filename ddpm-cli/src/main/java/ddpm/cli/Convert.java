package ddpm.cli;

import ddpm.io.FileFormatException;
import ddpm.io.ModelLayout;
import ddpm.io.Safetensors;
import ddpm.io.StoredCast;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.io.TensorFiles;
import ddpm.io.TorchFile;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code ddpm convert}: a state dict from PyTorch's format to safetensors or back, names and order kept. */
@Command(
        name = "convert",
        description = "Write the tensors of a .pt or .safetensors file as the other. Loads no libtorch.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Convert implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "IN", description = "A .pt or .safetensors file.")
    private Path in;

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "A .safetensors file, or a .pt or .pth file that torch.load reads with weights_only=True.")
    private String out;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = FloatingType.class,
            description = "Store weights as float32, float16 or bfloat16 (default: as they are).")
    private DType dtype;

    @Option(
            names = {"-q", "--quiet"},
            description = "No notes on standard error.")
    private boolean quiet;

    @Spec
    private CommandSpec spec;

    /** The types that weights are stored as. */
    static final class FloatingType implements ITypeConverter<DType> {
        @Override
        public DType convert(String text) {
            return switch (text) {
                case "float32" -> DType.FLOAT32;
                case "float16" -> DType.FLOAT16;
                case "bfloat16" -> DType.BFLOAT16;
                default -> throw new TypeConversionException("'" + text + "' is none of float32, float16, bfloat16");
            };
        }
    }

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        Destination to;
        try {
            to = Destination.parse("OUT", out, false, ".safetensors", ".pt", ".pth");
        } catch (IllegalArgumentException e) {
            throw new ParameterException(line, e.getMessage(), e);
        }
        var file = TensorFiles.open(in);
        if (file.tensors().isEmpty()) {
            throw new FileFormatException(in, "is a " + file.format() + " file without any tensors");
        }
        var console = new Console(line.getErr(), false, quiet);
        Map<String, StoredTensor> tensors = dtype == null ? file.tensors() : StoredCast.to(dtype, file.tensors());
        to.prepare();
        if (to.path().toString().toLowerCase(java.util.Locale.ROOT).endsWith(".safetensors")) {
            Safetensors.write(to.path(), tensors, metadata(file, console));
        } else {
            TorchFile.write(to.path(), tensors);
            noteLostCard(file, console);
        }
        if (!file.values().isEmpty()) {
            console.note("left out " + file.values().size() + " values that are no tensors: "
                    + TextTable.printable(String.join(", ", file.values().keySet())));
        }
        line.getOut().println(to.path());
        line.getOut().flush();
        return ExitCode.DONE.status();
    }

    /** What the file says already, and its model card where one can be told. */
    private static Map<String, String> metadata(TensorFile file, Console console) throws IOException {
        var metadata = new LinkedHashMap<String, String>();
        metadata.put("format", "pt");
        metadata.putAll(file.metadata());
        try {
            metadata.putAll(ModelLayout.of(file).card(file).metadata());
        } catch (FileFormatException e) {
            console.note("copied the tensors, but without a model card: "
                    + e.reason().lines().findFirst().orElse(""));
        }
        return metadata;
    }

    private static void noteLostCard(TensorFile file, Console console) {
        if (file.metadata().containsKey(ModelLayout.CARD_KEY)) {
            console.note("a PyTorch state dict has no place for the model card: keep " + file.path()
                    + " for its schedule, image size and notes");
        }
    }
}
