package ddpm.train;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.image.Picture;
import ddpm.io.WholeFile;
import ddpm.model.ModelLayout;
import ddpm.text.Reason;
import ddpm.torch.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The records of a run: {@code run.json}, {@code metrics.jsonl}, TensorBoard's events and the report. A disk that
 * takes none of it does not stop the run.
 */
final class RunLog {
    /** Something that writes. */
    @FunctionalInterface
    private interface Writing {
        void run() throws IOException;
    }

    private final RunFolder folder;
    private final Recipe recipe;
    private final RunPlan plan;
    private final RunObserver observer;
    private final Metrics metrics;
    private final EventFile events;
    /** Records that could not be written, and whether the latest of their kind could not. */
    private final Map<String, Boolean> failing = new LinkedHashMap<>();

    /** @param step steps made; records of later ones are removed, for those steps will be made again */
    RunLog(RunFolder folder, Recipe recipe, RunPlan plan, RunObserver observer, long step) throws IOException {
        this.folder = folder;
        this.recipe = recipe;
        this.plan = plan;
        this.observer = observer;
        folder.cutSamples(step);
        this.metrics = new Metrics(folder.metrics(), step);
        this.events = new EventFile(folder.path(), step);
        WholeFile.write(
                folder.description(),
                JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(describe()) + "\n");
    }

    double seconds() {
        return metrics.seconds();
    }

    void add(StepMetrics m) {
        unlessFull("metrics", () -> metrics.add(m));
        unlessFull("events for TensorBoard", () -> {
            events.scalar(m.step(), "train/loss", m.loss());
            events.scalar(m.step(), "train/gradient norm", m.gradientNorm());
            events.scalar(m.step(), "train/learning rate", m.learningRate());
            events.scalar(m.step(), "train/images per second", m.imagesPerSecond());
        });
        observer.logged(m);
        var own = observer.metrics(m.step());
        if (!own.isEmpty()) {
            unlessFull("metrics", () -> metrics.add(m.step(), own));
            unlessFull("events for TensorBoard", () -> {
                for (var figure : own.entrySet()) {
                    events.scalar(m.step(), "own/" + figure.getKey(), figure.getValue());
                }
            });
        }
    }

    void add(ValidationMetrics m) {
        unlessFull("metrics", () -> metrics.add(m));
        unlessFull("events for TensorBoard", () -> events.scalar(m.step(), "validation/epsilon mse", m.mse()));
        observer.validated(m);
    }

    void addFid(long step, String features, int images, double fid) {
        unlessFull("metrics", () -> metrics.add(new Metrics.Fid(step, features, images, fid)));
        unlessFull("events for TensorBoard", () -> events.scalar(step, "samples/fid " + features, fid));
        observer.measured(step, features, fid);
    }

    void add(long step, Picture grid) {
        var file = folder.samples(step);
        unlessFull("samples", () -> {
            Files.createDirectories(folder.samples());
            grid.write(file, Map.of("Software", "ddpm", "Step", Long.toString(step)));
            observer.sampled(file);
        });
        unlessFull("events for TensorBoard", () -> events.image(step, "samples", grid));
    }

    void report() {
        unlessFull(
                "the report",
                () -> WholeFile.write(
                        folder.report(),
                        new Report(
                                        folder,
                                        describe(),
                                        plan.command(),
                                        metrics.steps(),
                                        metrics.validations(),
                                        metrics.fids())
                                .html()));
        failing.entrySet().removeIf(kind -> {
            if (!kind.getValue()) {
                observer.note(kind.getKey() + " can be written again");
            }
            return !kind.getValue();
        });
    }

    /**
     * Notes once that a kind of record cannot be written. That it can again is noted with the next report, for on a full
     * disk small records succeed and fail in turn.
     */
    private void unlessFull(String kind, Writing writing) {
        try {
            writing.run();
            failing.replace(kind, false);
        } catch (IOException e) {
            if (failing.put(kind, true) == null) {
                observer.note(kind + " cannot be written: " + Reason.of(e) + "; training goes on");
            }
        }
    }

    private Map<String, Object> describe() throws IOException {
        var json = new LinkedHashMap<String, Object>();
        json.put("format", "ddpm run 1");
        json.put("model", JSON.std.mapFrom(recipe.card().metadata().get(ModelLayout.CARD_KEY)));
        json.put("training", StateJson.config(recipe.config()));
        json.put("data", data(recipe.data().describe(), recipe.dataset()));
        recipe.validation().ifPresent(set -> json.put("validation", data(set.describe(), set.fingerprint())));
        recipe.weights().ifPresent(file -> json.put("initialWeights", file.toString()));
        json.put("versions", versions());
        json.put("command", plan.command());
        return json;
    }

    private static Map<String, String> data(String description, String fingerprint) {
        var data = new LinkedHashMap<String, String>();
        data.put("description", description);
        data.put("fingerprint", fingerprint);
        return data;
    }

    private static Map<String, String> versions() {
        var versions = new LinkedHashMap<String, String>();
        var own = RunLog.class.getPackage().getImplementationVersion();
        versions.put("ddpm", own == null ? "(not packaged)" : own);
        versions.put("libtorch", LibTorch.load().version());
        versions.put("java", System.getProperty("java.version"));
        versions.put("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return versions;
    }
}
