package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.console.Progress;
import ddpm.cli.console.TextTable;
import ddpm.cli.result.BoundReport;
import ddpm.cli.result.Destination;
import ddpm.cli.result.NeighbourFiles;
import ddpm.data.ArrayImages;
import ddpm.data.Crop;
import ddpm.data.ImageFolder;
import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.Labels;
import ddpm.data.Split;
import ddpm.eval.digits.DigitVerdict;
import ddpm.eval.quality.FeatureCache;
import ddpm.eval.quality.FeatureExtractor;
import ddpm.eval.quality.FeatureNetwork;
import ddpm.eval.quality.FeatureStatistics;
import ddpm.eval.quality.Measure;
import ddpm.eval.quality.Memorisation;
import ddpm.eval.quality.NearestNeighbours;
import ddpm.eval.quality.PixelFeatures;
import ddpm.eval.quality.PrecisionRecall;
import ddpm.eval.quality.SetFeatures;
import ddpm.eval.quality.StatisticsFile;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ddpm quality}: FID and its kin, of images that are there already or of a model's, which are drawn first. */
@Command(
        name = "quality",
        description =
                "Measure how good images are, or those that a model draws: FID against real images or their statistics, the"
                        + " Inception score, KID, precision and recall, and how near they are to the training images.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Quality implements Callable<Integer> {
    /** Below this FID depends on the number of images more than on the model. */
    private static final int FEW = 10_000;

    /** Unseen images whose distances to the training images tell what is near: more tell no more. */
    private static final int MOST_UNSEEN = 1000;

    /** Height and width of MNIST's images, widened, and CIFAR-10's. */
    private static final int SIDE = 32;

    /** Options of drawing, which mean nothing where nothing is drawn. */
    private static final List<String> DRAWING = List.of(
            "--model",
            "--weights",
            "--steps",
            "--spacing",
            "--sampler",
            "--eta",
            "--variance",
            "--clip",
            "--precision",
            "--class",
            "--guidance",
            "--seed",
            "--keep-images");

    @Option(
            names = "--images",
            paramLabel = "IMAGES",
            description = "The images to measure: an .npz file of guided-diffusion (arr_0 of bytes [N, H, W, C]), or "
                    + DataSpec.FORMS + " (default: :test). Without it a model's are drawn.")
    private String images;

    @Mixin
    private ModelOption model;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = Values.Count.class,
            description = "How many images to draw, 50000 in papers; of --images only the first N (default: all).")
    private Integer count;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Values.Seed.class,
            defaultValue = "0",
            description = "Seed of the images that are drawn (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Mixin
    private DrawOptions drawing;

    @Option(
            names = "--keep-images",
            paramLabel = "FOLDER",
            description = "Keep what is drawn, one .png each; the same command goes on where it was ended.")
    private Path kept;

    @Option(
            names = "--data",
            paramLabel = "DATA",
            description = "The real images: an .npz file, or " + DataSpec.FORMS + " (default: :train).")
    private String data;

    @Option(
            names = "--data-count",
            paramLabel = "N",
            converter = Values.Count.class,
            description = "Only the first N images of --data (default: all).")
    private Integer dataCount;

    @Option(
            names = "--statistics",
            paramLabel = "FILE",
            description = "In the place of --data, for FID alone: an .npz file with mu and sigma.")
    private Path statistics;

    @Option(
            names = "--save-statistics",
            paramLabel = "FILE",
            description = "Write mu and sigma of the measured images to this .npz file, for --statistics and other"
                    + " programs.")
    private String saved;

    @Mixin
    private FeatureOptions features;

    @Option(names = "--is", description = "Also the Inception score, over 10 parts.")
    private boolean score;

    @Option(names = "--kid", description = "Also KID, over 100 subsets of 1000 images; needs --data.")
    private boolean kid;

    @Option(names = "--precision-recall", description = "Also precision and recall; needs --data.")
    private boolean coverage;

    @Option(names = "--all", description = "All that can be measured of these.")
    private boolean all;

    @Option(
            names = "--neighbours",
            paramLabel = "FOLDER",
            description = "Write neighbours.png, the first images each beside the nearest of --data by pixels and by"
                    + " features, and neighbours.csv, those of all images.")
    private String neighbours;

    @Option(
            names = "--unseen",
            paramLabel = "DATA",
            description = "With --neighbours: real images that the model was not trained on (default: :test). How much"
                    + " nearer its images are to --data than these are tells how much it memorised.")
    private String unseen;

    @Option(
            names = "--cache",
            paramLabel = "FOLDER",
            description = "Keep features here by the content of the images, and find them again.")
    private Path cache;

    @Option(
            names = "--size",
            paramLabel = "HxW",
            description = "Height and width to which pictures of folders are resized (default: the one size that all"
                    + " have; of MNIST and CIFAR-10 32x32).")
    private NetworkOptions.Size size;

    @Option(
            names = "--channels",
            paramLabel = "1|3",
            description = "Read all as grey or colour images (default: 1 for MNIST, else 3).")
    private Integer channels;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = Values.Count.class,
            defaultValue = "16",
            description = "Images each thread measures at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--json", description = "The result as one JSON object on standard output.")
    private boolean json;

    @Mixin
    private EngineOptions engine;

    @Mixin
    private Console.Quiet quiet;

    @Spec
    private CommandSpec spec;

    private Console console;

    /** The images to measure, once they are drawn. */
    @FunctionalInterface
    private interface Source {
        ImageSet images() throws IOException;
    }

    /** The images to measure before they are there. */
    private record Subject(ImageShape shape, Labels labels, Source source) {}

    @Override
    public Integer call() throws IOException {
        var line = spec.commandLine();
        check();
        console = quiet.console(line);
        var statisticsFile = Destination.prepared(line, "--save-statistics", saved, ".npz");
        var plates = neighbours == null ? null : folder();
        var real = data == null ? null : open(data, Split.TRAIN);
        var other = unseen == null ? null : open(unseen, Split.TEST);
        var subject = images == null ? drawn() : given();
        for (var set : Stream.of(real, other).filter(set -> set != null).toList()) {
            requireEqual(subject.shape(), set);
        }
        if (real != null) {
            requireEnough(realCount(real), real.describe());
        }
        engine.load(console);
        var result = new LinkedHashMap<String, Object>();
        try (var network = features.load();
                var _ = TensorScope.open()) {
            int dimensions = requireSuited(network, subject.shape());
            try (var reference = statistics == null ? null : statistics(dimensions)) {
                var generated = subject.source().images();
                measure(network, generated, subject.labels(), real, reference, statisticsFile, result);
                if (plates != null) {
                    search(network, generated, real, other, plates.path(), result);
                }
            }
        } catch (CancellationException e) {
            throw ExitCode.INTERRUPTED.because(
                    "interrupted; " + (kept == null ? "nothing was measured" : "the images in " + kept + " stay"), e);
        }
        line.getOut().print(json ? Json.of(result) + System.lineSeparator() : table(result));
        return ExitCode.DONE.status();
    }

    private void check() {
        features.check(spec.commandLine());
        if (data != null && statistics != null) {
            throw wrong("--data and --statistics both say what is real; give one of them");
        }
        if (data == null && (kid || coverage || neighbours != null || dataCount != null)) {
            var option = kid
                    ? "--kid"
                    : coverage ? "--precision-recall" : neighbours != null ? "--neighbours" : "--data-count";
            throw wrong(option + " needs the real images themselves: give --data");
        }
        if (unseen != null && neighbours == null) {
            throw wrong("--unseen: only with --neighbours");
        }
        if (features.kind() == FeatureOptions.Kind.PIXELS && score) {
            throw wrong("--is: not with --features pixels, which tell no classes");
        }
        if (data == null && statistics == null && !score && !all && saved == null) {
            throw wrong("nothing to measure: give --data or --statistics for FID, --is, or --save-statistics");
        }
        if (channels != null && channels != 1 && channels != 3) {
            throw wrong("--channels " + channels + ": 1 or 3");
        }
        if (images != null) {
            DRAWING.stream()
                    .filter(spec.commandLine().getParseResult()::hasMatchedOption)
                    .findFirst()
                    .ifPresent(option -> {
                        throw wrong(option + ": nothing is drawn with --images; leave one of them out");
                    });
        } else if (count == null) {
            throw wrong("--count is missing: how many images the model draws, 50000 in papers; or give --images");
        }
    }

    private EnumSet<Measure> measures() {
        var measures = EnumSet.noneOf(Measure.class);
        if (data != null || statistics != null) {
            measures.add(Measure.FID);
        }
        if (score || all && features.kind() != FeatureOptions.Kind.PIXELS) {
            measures.add(Measure.INCEPTION_SCORE);
        }
        if (kid || all && data != null) {
            measures.add(Measure.KID);
        }
        if (coverage || all && data != null) {
            measures.add(Measure.PRECISION_RECALL);
        }
        return measures;
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private Destination folder() throws IOException {
        return Errors.checked(spec.commandLine(), () -> {
            var folder = new Destination(
                    Destination.anyName("--neighbours", neighbours).path(), true);
            folder.prepare();
            return folder;
        });
    }

    private ImageSet open(String text, Split whole) throws IOException {
        if (text.endsWith(".npz")) {
            return ArrayImages.open(Path.of(text));
        }
        var named = Errors.checked(spec.commandLine(), () -> DataSpec.parse(text));
        int depth = channels == null ? named.channels() : channels;
        ImageShape shape;
        if (size != null) {
            shape = new ImageShape(depth, size.height(), size.width());
        } else if (named.isPictures()) {
            shape = ImageFolder.commonShape(named.path(), depth);
        } else {
            shape = new ImageShape(depth, SIDE, SIDE);
        }
        return named.open(shape, whole, Crop.CENTRE, false, console);
    }

    private Subject given() throws IOException {
        var set = open(images, Split.TEST);
        requireEnough(count(set), set.describe());
        return new Subject(set.shape(), set.hasLabels() ? set.labels() : null, () -> set);
    }

    private Subject drawn() throws IOException {
        requireEnough(count, "the model");
        var file = model.open(console);
        var stored = model.model(file);
        var shape = Measured.shape(file, stored.card());
        var asked = new DrawOptions.Asked(seed, 0, count, null, false, count, engine.threads());
        var plan = drawing.plan(spec.commandLine(), model.name(file), file, stored.card(), asked, null);
        Errors.checked(spec.commandLine(), () -> {
            DrawnImages.check(plan, file.path(), kept);
            return plan;
        });
        var classes = plan.classes();
        var labels = classes.cycle().isEmpty()
                ? null
                : new Labels(
                        classes.classes().names(),
                        classes.labels(0, count).stream()
                                .mapToInt(label -> label)
                                .toArray());
        return new Subject(shape, labels, () -> {
            if (kept != null) {
                new Destination(kept, true).prepare();
            }
            var torch = engine.load(console);
            var device = engine.device(torch, console);
            var whole = plan.in(drawing.precision().on(device, plan.card().network()));
            var share = new SampleRun.Share(0, 1, kept != null);
            var run = new SampleRun(whole, share, stored, torch, device, engine.threads(), console);
            return new DrawnImages(run, file.path(), kept).draw();
        });
    }

    private void requireEqual(ImageShape shape, ImageSet set) {
        if (!set.shape().equals(shape)) {
            throw wrong("the measured images are " + shape + " and those of " + set.describe() + " " + set.shape()
                    + " (channels x height x width); measure equal shapes, see --size and --channels");
        }
    }

    private int requireSuited(FeatureNetwork network, ImageShape shape) {
        try {
            return network.features(shape);
        } catch (IllegalArgumentException e) {
            throw wrong("--features " + Values.name(features.kind()) + ": " + e.getMessage());
        }
    }

    private FeatureStatistics statistics(int dimensions) throws IOException {
        var read = StatisticsFile.read(statistics);
        if (read.dimensions() != dimensions) {
            read.close();
            throw wrong(
                    "--statistics " + statistics + ": is of " + read.dimensions() + " features, and the network has "
                            + dimensions + "; both sets must be measured by the same network");
        }
        return read;
    }

    private void measure(
            FeatureNetwork network,
            ImageSet generated,
            Labels labels,
            ImageSet real,
            FeatureStatistics reference,
            Destination statisticsFile,
            Map<String, Object> result)
            throws IOException {
        var measures = measures();
        var asked =
                labels == null || features.kind() != FeatureOptions.Kind.DIGITS ? null : DigitVerdict.digits(labels);
        var wanted = Measure.ofGenerated(measures);
        if (features.kind() == FeatureOptions.Kind.DIGITS) {
            wanted = new SetFeatures.Wanted(wanted.all(), true);
        }
        int n = count(generated);
        result.put("images", n);
        try (var ours = features(network, generated, n, wanted);
                var theirs = real == null ? null : features(network, real, realCount(real), Measure.ofReal(measures))) {
            if (statisticsFile != null) {
                StatisticsFile.write(statisticsFile.path(), ours.statistics());
            }
            if (measures.contains(Measure.FID) && n < FEW) {
                console.note("warning: FID of " + n + " images is larger than of more; figures of papers are of 50000");
            }
            result.putAll(Measure.take(measures, ours, theirs == null ? reference : theirs.statistics(), theirs));
            if (features.kind() == FeatureOptions.Kind.DIGITS) {
                put(result, DigitVerdict.of(ours.logits().toFloats(), asked));
            }
        }
    }

    private static void put(Map<String, Object> result, DigitVerdict verdict) {
        result.put("confident", verdict.confident());
        if (Double.isFinite(verdict.asAsked())) {
            result.put("asAsked", verdict.asAsked());
        }
    }

    private int realCount(ImageSet real) {
        return dataCount == null ? real.size() : Math.min(dataCount, real.size());
    }

    private int count(ImageSet generated) {
        return count == null ? generated.size() : Math.min(count, generated.size());
    }

    /** A covariance takes two images, a fourth neighbour four. */
    private void requireEnough(int images, String of) {
        int least = measures().contains(Measure.PRECISION_RECALL) ? PrecisionRecall.NEIGHBOURS + 1 : 2;
        if (images < least) {
            throw wrong(Values.images(images) + " of " + of + "; at least " + least + " are needed"
                    + (least > 2 ? " for --precision-recall" : ""));
        }
    }

    private SetFeatures features(FeatureNetwork network, ImageSet set, int n, SetFeatures.Wanted wanted)
            throws IOException {
        console.note("features of " + n + " of " + set.describe());
        var extractor = new FeatureExtractor(network, batch, engine.threads());
        var progress = new Progress(console, "images", n, System::nanoTime);
        try {
            return cache == null
                    ? SetFeatures.measure(extractor, set, n, wanted, progress::at)
                    : new FeatureCache(cache).of(extractor, set, n, wanted, progress::at);
        } finally {
            progress.end();
        }
    }

    /** The nearest training images by pixels, and by features if these are other ones. */
    private void search(
            FeatureNetwork network,
            ImageSet generated,
            ImageSet real,
            ImageSet other,
            Path folder,
            Map<String, Object> result)
            throws IOException {
        int n = count(generated);
        var spaces = new LinkedHashMap<String, NearestNeighbours>();
        try {
            spaces.put("Pixels", nearest(new PixelFeatures(), generated, n, real, other));
            if (features.kind() != FeatureOptions.Kind.PIXELS) {
                spaces.put("Features", nearest(network, generated, n, real, other));
            }
            if (other != null) {
                spaces.forEach((space, search) -> {
                    int ends = n + Math.min(MOST_UNSEEN, other.size());
                    var memorised = Memorisation.of(search.nearest(0, n), search.nearest(n, ends));
                    result.put("nearerIn" + space, memorised.nearer());
                    result.put("copiesIn" + space, memorised.copies());
                });
            }
            new NeighbourFiles(generated, n, real, spaces).write(folder);
            result.put("neighbours", folder.toString());
        } finally {
            spaces.values().forEach(NearestNeighbours::close);
        }
    }

    /** The search for the images and, behind them, the unseen ones. */
    private NearestNeighbours nearest(FeatureNetwork network, ImageSet generated, int n, ImageSet real, ImageSet other)
            throws IOException {
        var wanted = new SetFeatures.Wanted(true, false);
        int m = other == null ? 0 : Math.min(MOST_UNSEEN, other.size());
        int dimensions = network.features(generated.shape());
        var queries = Tensor.zeros(Shape.of(n + m, dimensions), DType.FLOAT32, Device.CPU);
        try (var ours = features(network, generated, n, wanted)) {
            queries.narrow(0, 0, n).copyFrom(ours.all());
        }
        if (m > 0) {
            try (var theirs = features(network, other, m, wanted)) {
                queries.narrow(0, n, m).copyFrom(theirs.all());
            }
        }
        var search = new NearestNeighbours(queries, NeighbourFiles.NEIGHBOURS);
        try (var train = features(network, real, realCount(real), wanted)) {
            search.addAll(train.all());
            return search;
        } catch (IOException | RuntimeException e) {
            search.close();
            throw e;
        }
    }

    private static String table(Map<String, Object> result) {
        var table = new TextTable("");
        result.forEach((name, value) ->
                table.row(name, value instanceof Double number ? BoundReport.text("%.6f", number) : value));
        return table.toString();
    }
}
