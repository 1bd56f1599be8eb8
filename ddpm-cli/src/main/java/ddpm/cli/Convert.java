package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.hub.ModelName;
import ddpm.cli.result.Destination;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredCast;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.io.TorchFile;
import ddpm.model.DiffusersFolder;
import ddpm.model.ModelCard;
import ddpm.model.ModelLayout;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import ddpm.model.onnx.OnnxFile;
import ddpm.torch.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * {@code ddpm convert}: writes a model, or any state dict, in another format. Tensors of a model get this program's names,
 * which for the paper's UNet are those of diffusers; tensors of any other file keep theirs.
 */
@Command(
        name = "convert",
        description =
                "Write a model or a state dict in another format: safetensors, PyTorch's or diffusers', or a model as ONNX."
                        + " Loads no libtorch.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Convert implements Callable<Integer> {
    /** A format that can be written. */
    enum Target {
        /** A safetensors file, with the model's card. */
        SAFETENSORS,
        /** A state dict that torch.load reads with weights_only=True. */
        PT,
        /** A folder that diffusers' DDPMPipeline loads. */
        DIFFUSERS,
        /** A file that ONNX Runtime and others compute. */
        ONNX;

        /** Whether only a model has this form, and not any tensors. */
        boolean isOfModels() {
            return this == DIFFUSERS || this == ONNX;
        }
    }

    @Parameters(index = "0", paramLabel = "IN", description = ModelName.FORMS + ".")
    private ModelName in;

    @Parameters(
            index = "1",
            paramLabel = "OUT",
            description = "A .safetensors, .pt, .pth or .onnx file, or with --to diffusers a new folder.")
    private String out;

    @Option(
            names = "--to",
            paramLabel = "FORMAT",
            description = "safetensors, pt, diffusers or onnx (default: by OUT's extension).")
    private Target target;

    @Option(names = "--weights", paramLabel = "KIND", defaultValue = "ema", description = ModelOption.WEIGHTS)
    private Weights weights;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            converter = FloatingType.class,
            description =
                    "Store weights as float32, float16 or bfloat16 (default: as they are). ONNX computes in float32"
                            + " all the same.")
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
        var to = destination();
        var format = target != null ? target : targetOf(to);
        var console = new Console(line.getErr(), false, quiet);
        var file = StoredModel.openFile(in.path(console), weights);
        if (file.tensors().isEmpty()) {
            throw new FileFormatException(file.path(), "is a " + file.format() + " file without any tensors");
        }
        var model = model(file, format, console);
        var tensors = cast(model == null ? file.tensors() : model.tensors());
        if (format != Target.DIFFUSERS || !Files.exists(to.path())) { // which is refused as it is
            to.prepare();
        }
        switch (format) {
            case SAFETENSORS -> Safetensors.write(to.path(), tensors, metadata(file, model));
            case PT -> TorchFile.write(to.path(), tensors);
            case DIFFUSERS -> DiffusersFolder.write(to.path(), model.card(), tensors);
            case ONNX -> OnnxFile.write(to.path(), model.card(), tensors);
        }
        if (model != null) {
            noteLosses(model, format, tensors.size(), console);
            if (format == Target.ONNX) {
                noteUse(model.card(), console);
            }
        }
        if (!file.values().isEmpty()) {
            console.note("left out " + file.values().size() + " values that are not tensors: "
                    + String.join(", ", file.values().keySet()));
        }
        line.getOut().println(to.path());
        return ExitCode.DONE.status();
    }

    private Destination destination() {
        return Errors.checked(
                spec.commandLine(),
                () -> target == null
                        ? Destination.parse("OUT", out, false, ".safetensors", ".pt", ".pth", ".onnx")
                        : Destination.anyName("OUT", out));
    }

    private static Target targetOf(Destination to) {
        var name = to.path().toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".safetensors") ? Target.SAFETENSORS : name.endsWith(".onnx") ? Target.ONNX : Target.PT;
    }

    /** The model in the file, or null if it holds none, and its tensors can be copied as they are. */
    private StoredModel model(TensorFile file, Target format, Console console) throws IOException {
        try {
            var model = StoredModel.of(file, weights);
            model.tensors(); // the network must fit as well
            return model;
        } catch (FileFormatException e) {
            if (format.isOfModels()) {
                throw e;
            }
            console.note("copying the tensors without a model card, for this is no model that can be read: "
                    + e.reason().lines().findFirst().orElse(""));
            return null;
        }
    }

    private static Map<String, String> metadata(TensorFile file, StoredModel model) throws IOException {
        var metadata = new LinkedHashMap<String, String>();
        metadata.put("format", "pt");
        metadata.putAll(file.metadata());
        if (model != null) {
            metadata.putAll(model.card().metadata());
        }
        return metadata;
    }

    private static void noteLosses(StoredModel model, Target format, int written, Console console) {
        int others = model.file().tensors().size() - written;
        if (others > 0) {
            console.note("took " + model.origin() + "; left out " + others + " other tensors");
        }
        var classes = model.card().classes();
        if (format == Target.PT && model.layout() != ModelLayout.NOTEBOOK) { // whose files never had a card
            console.note("a PyTorch state dict has no place for the model card: keep "
                    + model.file().path() + " for its schedule, image size and notes");
        }
        if (format == Target.DIFFUSERS && !classes.isEmpty()) {
            console.note("diffusers' DDPMPipeline draws without classes: call the UNet2DModel itself, with class_labels"
                    + " 0.." + (classes.labels() - 1) + (classes.nullClass() ? ", the last for no class" : ""));
        }
        if (format == Target.DIFFUSERS && !model.card().notes().isEmpty()) {
            console.note("diffusers has no place for the card's notes: "
                    + String.join(", ", model.card().notes().keySet()));
        }
    }

    private static void noteUse(ModelCard card, Console console) {
        int labels = card.classes().labels();
        console.note("inputs sample [batch_size, " + card.network().inChannels()
                + ", height, width] and timestep [steps]"
                + (labels == 0
                        ? ""
                        : " and class_labels [batch_size] of 0.." + (labels - 1)
                                + (card.classes().nullClass() ? ", the last for no class" : ""))
                + ", output out_sample, in opset " + OnnxFile.OPERATOR_SET + "; height and width are multiples of "
                + card.network().sizeMultiple());
    }

    private Map<String, StoredTensor> cast(Map<String, StoredTensor> tensors) {
        return dtype == null ? tensors : StoredCast.to(dtype, tensors);
    }
}
