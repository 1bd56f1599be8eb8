package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Progress;
import ddpm.cli.result.Destination;
import ddpm.data.FolderOptions;
import ddpm.data.ImageFolder;
import ddpm.image.GridLayout;
import ddpm.image.Images;
import ddpm.image.Pixel;
import ddpm.model.Classes;
import ddpm.model.Model;
import ddpm.sampling.Sampler;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ddpm interpolate}: images between two images, Fig. 8 and 9 of the paper, or by DDIM. */
@Command(
        name = "interpolate",
        description =
                "Mix two pictures in the model's latent space. Both are noised alike, mixed and denoised, with a row for"
                        + " each number of noising steps; or, with --latent ddim, encoded, mixed and drawn again.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Interpolate implements Callable<Integer> {
    private static final int GRID_PIXELS = 512;

    @Parameters(index = "0", paramLabel = "A", description = "A picture; resized and cropped to the model's shape.")
    private Path from;

    @Parameters(index = "1", paramLabel = "B", description = "Another.")
    private Path to;

    @Mixin
    private ModelOption model;

    @Mixin
    private LatentOptions latent;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "9",
            description = "Mixtures per row, evenly from A to B (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "FILE",
            defaultValue = "interpolation.png",
            description = "A .png (default: ${DEFAULT-VALUE}).")
    private String out;

    @Mixin
    private ClassOptions oneClass;

    @Option(names = "--precision", paramLabel = "P", defaultValue = "fp32", description = Precision.HELP)
    private Precision precision;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        var console = quiet.console(line);
        var file = model.open(console);
        var stored = model.model(file);
        var card = stored.card();
        var shape = Measured.shape(file, card);
        var rows = latent.rows(line, card.schedule().steps());
        if (count < 2 || (long) count * rows.size() > 10_000) {
            throw wrong("--count " + count + ": at least 2 mixtures a row, and at most 10000 in all");
        }
        var classes = classes(card.classes());
        var destination = Destination.of(line, "--out", out, ".png");
        var a = ImageFolder.read(from, FolderOptions.of(shape));
        var b = ImageFolder.read(to, FolderOptions.of(shape));
        var device = engine.device(engine.load(console), console);
        destination.prepare();
        var chosen = precision.on(device, card.network());
        var pictures = new ArrayList<Images>();
        long all = rows.stream().mapToLong(Integer::longValue).sum();
        var progress = new Progress(console, "steps", Math.max(1, all), System::nanoTime);
        try (var opened = Model.of(stored, device);
                var model = opened.prepared(chosen.type());
                var _ = TensorScope.open()) {
            var image = card.images(1);
            var conditioned = classes.conditioned(model, 0, count);
            long before = 0;
            for (int row : rows) {
                long start = before;
                Sampler.Progress steps = (done, of) -> progress.at(start + done * row / of);
                var mixed = latent.mixture(model, row, engine.threads(), steps)
                        .between(conditioned, tensor(a, image), tensor(b, image), lambdas());
                pictures.add(SampleRun.images(opened, mixed));
                before += row;
            }
        } finally {
            progress.end();
        }
        Images.joined(pictures)
                .grid(GridLayout.ofColumns(count))
                .enlargedToAtLeast(GRID_PIXELS)
                .write(destination.path(), remarks(rows, classes, chosen));
        line.getOut().println(destination.path());
        return ExitCode.DONE.status();
    }

    private ClassPlan classes(Classes classes) {
        return Errors.checked(spec.commandLine(), () -> oneClass.planOfOne(classes));
    }

    private Map<String, String> remarks(List<Integer> rows, ClassPlan classes, Precision chosen) {
        var remarks = new TreeMap<>(latent.remarks(rows));
        remarks.put("precision", chosen.toString());
        remarks.putAll(classes.remarks(0));
        return remarks;
    }

    private double[] lambdas() {
        var lambdas = new double[count];
        Arrays.setAll(lambdas, i -> (double) i / (count - 1));
        return lambdas;
    }

    private static Tensor tensor(byte[] bytes, Shape shape) {
        var values = new float[bytes.length];
        Pixel.values(bytes, 0, values, 0, bytes.length);
        return Tensor.of(values, shape);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
