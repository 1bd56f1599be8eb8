package ddpm.cli;

import ddpm.data.ImageSet;
import ddpm.diffusion.Denoiser;
import ddpm.eval.BitsPerDimMeter;
import ddpm.io.TensorFile;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.model.StoredModel;
import ddpm.torch.Device;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model is measured on which images, and by what: the options that all measuring commands share. */
final class Measured {
    @Mixin
    private ModelOption model;

    @Mixin
    private MeasuredImages data;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            defaultValue = "16",
            description = "Images each thread takes at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private PrecisionOption precision;

    @Mixin
    private EngineOptions engine;

    /**
     * Found and checked, with nothing computed yet.
     *
     * @param count images 0..count-1 are measured
     * @param labels their classes for a class-conditional model; empty for another, or if they have none
     */
    record Subject(TensorFile file, StoredModel stored, ImageSet images, int count, int[] labels) {
        ModelCard card() {
            return stored.card();
        }

        /** The opened model, conditioned on the images' classes. */
        Denoiser conditioned(Model model) {
            return model.conditioned(labels);
        }
    }

    /**
     * Opens the model and the images.
     *
     * @param count how many will be measured, or null for the first {@code enough}, if there are so many
     */
    Subject open(CommandLine line, Integer count, int enough, Console console) throws IOException {
        var file = model.open();
        var stored = model.model(file);
        var images = data.open(line, file, stored.card(), count, console);
        var classes = stored.card().classes();
        boolean unlabelled = classes.nullClass() && !images.hasLabels();
        if (unlabelled) {
            console.note("the images have no labels: the model is conditioned on its null class");
        }
        var labels = unlabelled ? new int[0] : classes.labelsOf(images);
        return new Subject(file, stored, images, count == null ? Math.min(enough, images.size()) : count, labels);
    }

    /** Loads libtorch and says where it computes. */
    Device load(Console console) {
        return engine.device(engine.load(console), console);
    }

    /** The model made ready to predict; both are closed by the caller, this one first. */
    Model prepared(Model model) {
        return model.prepared(precision.precision());
    }

    /** Measures bits per dimension as these options say. */
    BitsPerDimMeter meter(Device device, BitsPerDimMeter.Progress progress) {
        return new BitsPerDimMeter(batch, engine.threads(), device, data.seed(), progress);
    }

    PrecisionOption precision() {
        return precision;
    }

    MeasuredImages data() {
        return data;
    }

    int batch() {
        return batch;
    }

    int threads() {
        return engine.threads();
    }
}
