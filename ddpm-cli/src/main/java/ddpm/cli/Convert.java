package ddpm.cli;

import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredCast;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.io.TorchFile;
import ddpm.model.DiffusersFolder;
import ddpm.model.ModelLayout;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
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

/**
 * {@code ddpm convert}: a model, or any state dict, in another format. Models are written under this program's names, which
 * for the paper's UNet are diffusers'; what is no model keeps the names it has.
 */
@Command(
        name = "convert",
        description = "Write a model or a state dict as safetensors, for PyTorch or for diffusers. Loads no libtorch.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Convert implements Callable<Integer> {
    /** What can be written. */
    enum Target {
        /** A safetensors file, with the model's card. */
        SAFETENSORS,
        /** A state dict that torch.load reads with weights_only=True. */
        PT,
        /** A folder that diffusers' DDPMPipeline loads. */
        DIFFUSERS
    }

    @Parameters(index = "0", paramLabel = "IN", description = "A .pt or .safetensors file, or a folder with a model.")
    private Path in;

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "A .safetensors file, a .pt or .pth file, or with --to diffusers a new folder.")
    private String out;

    @Option(
            names = "--to",
            paramLabel = "FORMAT",
            converter = TargetName.class,
            description = "safetensors, pt or diffusers (default: by OUT's extension).")
    private Target target;

    @Option(
            names = "--weights",
            paramLabel = "KIND",
            converter = WeightsName.class,
            defaultValue = "ema",
            description = WeightsName.DESCRIPTION)
    private Weights weights;

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

    /** The formats in the command line's spelling. */
    static final class TargetName extends EnumName<Target> {
        TargetName() {
            super(Target.class);
        }
    }

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        Destination to;
        try {
            to = target == null
                    ? Destination.parse("OUT", out, false, ".safetensors", ".pt", ".pth")
                    : Destination.anyName("OUT", out);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(line, e.getMessage(), e);
        }
        var file = StoredModel.openFile(in, weights);
        if (file.tensors().isEmpty()) {
            throw new FileFormatException(file.path(), "is a " + file.format() + " file without any tensors");
        }
        var console = new Console(line.getErr(), false, quiet);
        write(file, to, target == null ? targetOf(to) : target, console);
        line.getOut().println(to.path());
        line.getOut().flush();
        return ExitCode.DONE.status();
    }

    private static Target targetOf(Destination to) {
        return to.path().toString().toLowerCase(Locale.ROOT).endsWith(".safetensors") ? Target.SAFETENSORS : Target.PT;
    }

    private void write(TensorFile file, Destination to, Target target, Console console) throws IOException {
        if (target == Target.DIFFUSERS) {
            var model = StoredModel.of(file, weights);
            var tensors = cast(model.tensors());
            to.prepare();
            DiffusersFolder.write(to.path(), model.card(), tensors);
            noteLostNotes(model, console);
            return;
        }
        try {
            var model = StoredModel.of(file, weights);
            var tensors = cast(model.tensors());
            to.prepare();
            if (target == Target.SAFETENSORS) {
                var metadata = new LinkedHashMap<>(file.metadata());
                metadata.putAll(model.card().metadata());
                Safetensors.write(to.path(), tensors, metadata);
            } else {
                TorchFile.write(to.path(), tensors);
                noteLostCard(model, console);
            }
            int others = file.tensors().size() - tensors.size();
            if (others > 0) {
                console.note("took " + model.origin() + "; left out " + others + " other tensors");
            }
        } catch (FileFormatException e) {
            copy(file, to, target);
            console.note("copied the tensors, but without a model card: "
                    + e.reason().lines().findFirst().orElse(""));
        }
        if (!file.values().isEmpty()) {
            console.note("left out " + file.values().size() + " values that are no tensors: "
                    + TextTable.printable(String.join(", ", file.values().keySet())));
        }
    }

    /** What is no model that can be told keeps its names. */
    private void copy(TensorFile file, Destination to, Target target) throws IOException {
        var tensors = cast(file.tensors());
        to.prepare();
        if (target == Target.SAFETENSORS) {
            var metadata = new LinkedHashMap<String, String>();
            metadata.put("format", "pt");
            metadata.putAll(file.metadata());
            Safetensors.write(to.path(), tensors, metadata);
        } else {
            TorchFile.write(to.path(), tensors);
        }
    }

    private Map<String, StoredTensor> cast(Map<String, StoredTensor> tensors) {
        return dtype == null ? tensors : StoredCast.to(dtype, tensors);
    }

    private static void noteLostCard(StoredModel model, Console console) {
        if (model.layout() != ModelLayout.NOTEBOOK) { // whose files never had one
            console.note("a PyTorch state dict has no place for the model card: keep "
                    + model.file().path() + " for its schedule, image size and notes");
        }
    }

    private static void noteLostNotes(StoredModel model, Console console) {
        if (!model.card().classes().isEmpty()) {
            console.note(
                    "diffusers' DDPMPipeline tells its UNet no class: call the UNet2DModel itself, with class_labels"
                            + " 0.." + (model.card().classes().labels() - 1)
                            + (model.card().classes().nullClass() ? ", the last for no class" : ""));
        }
        if (!model.card().notes().isEmpty()) {
            console.note("diffusers has no place for the card's notes: "
                    + TextTable.printable(String.join(", ", model.card().notes().keySet())));
        }
    }
}
