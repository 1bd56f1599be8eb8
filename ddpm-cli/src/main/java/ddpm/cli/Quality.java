package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.console.Progress;
import ddpm.cli.console.TextTable;
import ddpm.data.Crop;
import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.NpzImages;
import ddpm.data.Split;
import ddpm.eval.inception.FeatureExtractor;
import ddpm.eval.inception.FeatureStatistics;
import ddpm.eval.inception.FrechetDistance;
import ddpm.eval.inception.InceptionNetwork;
import ddpm.eval.inception.InceptionNetwork.Layer;
import ddpm.eval.inception.InceptionScore;
import ddpm.eval.inception.KernelDistance;
import ddpm.eval.inception.PrecisionRecall;
import ddpm.eval.inception.Preprocessing;
import ddpm.eval.inception.StatisticsFile;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddpm quality}: FID and its kin of images that are there already. */
@Command(
        name = "quality",
        description =
                "Measure how good images are, by the features of the Inception network: FID against real images or"
                        + " their statistics, the Inception score, KID, precision and recall.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Quality implements Callable<Integer> {
    /** Below this FID depends on the number of images more than on the model. */
    private static final int FEW = 10_000;

    private static final int SUBSETS = 100;
    private static final int SUBSET = 1000;
    private static final int PARTS = 10;

    @Option(
            names = "--images",
            required = true,
            paramLabel = "IMAGES",
            description = "The images to measure: an .npz file of guided-diffusion (arr_0 of bytes [N, H, W, C]), or "
                    + DataSpec.FORMS + " (default: :test).")
    private String images;

    @Option(
            names = "--data",
            paramLabel = "DATA",
            description = "The real images: an .npz file, or " + DataSpec.FORMS + " (default: :train).")
    private String data;

    @Option(
            names = "--statistics",
            paramLabel = "FILE",
            description = "In the place of --data, for FID alone: an .npz file with mu and sigma.")
    private Path statistics;

    @Option(
            names = "--save-statistics",
            paramLabel = "FILE",
            description = "Write mu and sigma of --images to this .npz file, for --statistics and other programs.")
    private String saved;

    @Option(
            names = "--inception",
            required = true,
            paramLabel = "FILE",
            description = "The network's weights: pt_inception-2015-12-05-6726825d.pth of pytorch-fid or"
                    + " weights-inception-2015-12-05-6726825d.pth of torch-fidelity.")
    private Path inception;

    @Option(
            names = "--fid-variant",
            paramLabel = "V",
            defaultValue = "tensorflow",
            description =
                    "How images are resized: tensorflow, as the paper, TTUR and torch-fidelity, or pytorch-fid. Numbers"
                            + " of one are not comparable with the other's (default: ${DEFAULT-VALUE}).")
    private Preprocessing variant;

    @Option(names = "--is", description = "Also the Inception score, over " + PARTS + " parts.")
    private boolean score;

    @Option(
            names = "--kid",
            description = "Also KID, over " + SUBSETS + " subsets of " + SUBSET + " images; needs --data.")
    private boolean kid;

    @Option(names = "--precision-recall", description = "Also precision and recall; needs --data.")
    private boolean coverage;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Only the first N images of each (default: all).")
    private Integer count;

    @Option(
            names = "--size",
            paramLabel = "HxW",
            defaultValue = "32x32",
            description = "Height and width to which pictures of folders are resized (default: ${DEFAULT-VALUE}).")
    private NetworkOptions.Size size;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "16",
            description = "Images each thread takes at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    /** The features of one set. */
    private record Features(FeatureStatistics statistics, Tensor all, float[] logits) {}

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        check();
        var file = Destination.prepared(line, "--save-statistics", saved, ".npz");
        var console = quiet.console(line);
        var generated = open(images, Split.TEST, console);
        var real = data == null ? null : open(data, Split.TRAIN, console);
        if (real != null && !real.shape().equals(generated.shape())) {
            throw wrong("the images are " + generated.shape() + " and the data " + real.shape()
                    + " (channels x height x width); measure equal shapes, see --size");
        }
        engine.load(console);
        var result = new LinkedHashMap<String, Object>();
        try (var network = InceptionNetwork.load(inception);
                var _ = TensorScope.open()) {
            var theirs = statistics == null ? null : StatisticsFile.read(statistics);
            var ours = features(network, generated, score, console);
            if (file != null) {
                StatisticsFile.write(file.path(), ours.statistics());
            }
            var reals = real == null ? null : features(network, real, false, console);
            measure(ours, reals, theirs, result, console);
        }
        line.getOut().print(json ? Json.of(result) + System.lineSeparator() : table(result));
        return ExitCode.DONE.status();
    }

    private void check() {
        if (data != null && statistics != null) {
            throw wrong("--data and --statistics both say what is real; give one of them");
        }
        if (data == null && (kid || coverage)) {
            throw wrong((kid ? "--kid" : "--precision-recall") + " needs the real images themselves: give --data");
        }
        if (data == null && statistics == null && !score && saved == null) {
            throw wrong("nothing to measure: give --data or --statistics for FID, --is, or --save-statistics");
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private ImageSet open(String text, Split whole, Console console) throws IOException {
        if (text.endsWith(".npz")) {
            return NpzImages.open(Path.of(text));
        }
        DataSpec named;
        try {
            named = DataSpec.parse(text);
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
        var shape = new ImageShape(named.channels(), size.height(), size.width());
        return named.open(shape, whole, Crop.CENTRE, false, console);
    }

    private Features features(InceptionNetwork network, ImageSet set, boolean logits, Console console) {
        int n = count == null ? set.size() : Math.min(count, set.size());
        if (n < 2) {
            throw wrong(n + " image in " + set.describe() + "; at least 2 are needed");
        }
        console.note("features of " + n + " of " + set.describe());
        var layers = logits ? EnumSet.of(Layer.POOL_2048, Layer.LOGITS_UNBIASED) : EnumSet.of(Layer.POOL_2048);
        var statistics = new FeatureStatistics(Layer.POOL_2048.features());
        var kept = new ArrayList<float[]>();
        var scores = new float[logits ? n * Layer.LOGITS_UNBIASED.features() : 0];
        var at = new int[1];
        var progress = new Progress(console, "images", n, System::nanoTime);
        try {
            new FeatureExtractor(network, variant, batch, engine.threads())
                    .extract(
                            set,
                            n,
                            layers,
                            features -> {
                                var pool = features.get(Layer.POOL_2048);
                                statistics.add(pool);
                                if (kid || coverage) {
                                    kept.add(pool.toFloats());
                                }
                                if (logits) {
                                    var values =
                                            features.get(Layer.LOGITS_UNBIASED).toFloats();
                                    System.arraycopy(values, 0, scores, at[0], values.length);
                                    at[0] += values.length;
                                }
                            },
                            progress::at);
        } finally {
            progress.end();
        }
        return new Features(statistics, joined(kept, n), scores);
    }

    private static Tensor joined(ArrayList<float[]> parts, int n) {
        if (parts.isEmpty()) {
            return null;
        }
        var whole = Tensor.empty(Shape.of(n, Layer.POOL_2048.features()), DType.FLOAT32, Device.CPU);
        long at = 0;
        for (var part : parts) {
            whole.set(at, part, 0, part.length);
            at += part.length;
        }
        return whole;
    }

    private void measure(
            Features ours, Features real, FeatureStatistics theirs, Map<String, Object> result, Console console) {
        long n = ours.statistics().count();
        result.put("images", n);
        var reference = real != null ? real.statistics() : theirs;
        if (reference != null) {
            if (n < FEW) {
                console.note("warning: FID of " + n + " images is larger than of more; figures of papers are of 50000");
            }
            result.put("fid", FrechetDistance.between(ours.statistics(), reference));
        }
        if (score) {
            var is = InceptionScore.of(ours.logits(), Layer.LOGITS_UNBIASED.features(), (int) Math.min(PARTS, n));
            result.put("inceptionScore", is.mean());
            result.put("inceptionScoreDeviation", is.deviation());
        }
        if (kid) {
            int subset = (int) Math.min(SUBSET, Math.min(n, real.statistics().count()));
            var distance = KernelDistance.between(ours.all(), real.all(), SUBSETS, subset, 0);
            result.put("kid", distance.mean());
            result.put("kidStandardError", distance.standardError());
        }
        if (coverage) {
            var both = PrecisionRecall.of(ours.all(), real.all(), PrecisionRecall.NEIGHBOURS);
            result.put("precision", both.precision());
            result.put("recall", both.recall());
        }
        ours.statistics().close();
        if (reference != null) {
            reference.close();
        }
    }

    private static String table(Map<String, Object> result) {
        var table = new TextTable("");
        result.forEach((name, value) ->
                table.row(name, value instanceof Double number ? BoundReport.text("%.6f", number) : value));
        return table.toString();
    }
}
