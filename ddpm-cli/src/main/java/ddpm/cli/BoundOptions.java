package ddpm.cli;

import ddpm.diffusion.Clip;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.eval.BitsPerDim;
import ddpm.eval.BitsPerDimMeter;
import ddpm.eval.TrueClasses;
import ddpm.eval.VariationalBound;
import ddpm.io.Model;
import ddpm.torch.Device;
import java.io.IOException;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** What is measured and how, for commands that measure bits per dimension. */
final class BoundOptions {
    @Mixin
    private ModelPath model;

    @Mixin
    private MeasuredImages data;

    @Option(
            names = {"-n", "--count"},
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            defaultValue = "32",
            description = "The first N images; each goes through every step (default: ${DEFAULT-VALUE}).")
    private int count;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = WholeNumber.Steps.class,
            description = "Steps of the chain, at most the model's T; fewer cost more bits (default: T).")
    private Integer steps;

    @Option(
            names = "--variance",
            paramLabel = "KIND",
            converter = Sample.VarianceName.class,
            description = "fixed-small or fixed-large (default: what suits the model).")
    private Variance variance;

    @Option(
            names = "--clip",
            negatable = true,
            description = "Keep estimates of x0 in [-1, 1] at each step, or not (default: what suits the model).")
    private Boolean clip;

    @Option(
            names = "--batch",
            paramLabel = "N",
            converter = WholeNumber.Count.class,
            defaultValue = "16",
            description = "Images each thread takes at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Mixin
    private EngineOptions engine;

    /** Runs the measurement, everything that can be wrong checked before its first step. */
    BitsPerDim measure(CommandLine line, Console console) throws IOException {
        var file = model.open();
        var stored = model.model(file);
        var card = stored.card();
        int trained = card.schedule().steps();
        if (steps != null && steps > trained) {
            throw new ParameterException(line, "--steps " + steps + ": this model has 1.." + trained + " steps");
        }
        var chain = new Diffusion(card.schedule());
        var bound = new VariationalBound(
                steps == null || steps == trained ? chain : chain.respaced(Timesteps.even(trained, steps)),
                card.prediction(),
                variance == null ? card.variance() : variance,
                clip == null ? card.clip() : clip ? Clip.X0 : Clip.NONE);
        var images = data.open(line, file, card, count, console);
        var labels = TrueClasses.labels(card.classes(), images);
        engine.load(console);
        engine.requireCpu("evaluation");
        console.note(
                count + " of " + images.describe() + ", " + bound.diffusion().steps() + " steps each");
        var progress =
                new Progress(console, "steps", (long) count * bound.diffusion().steps(), System::nanoTime);
        try (var opened = Model.of(stored, Device.CPU)) {
            return new BitsPerDimMeter(batch, engine.threads(), data.seed(), (done, _) -> progress.at(done))
                    .measure(TrueClasses.told(opened, labels), bound, images, count);
        } finally {
            progress.end();
        }
    }
}
