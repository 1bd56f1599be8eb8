package ddpm.eval;

import ddpm.data.ImageSet;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.PredictionConversion;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.collective.Group;
import java.util.ArrayList;
import java.util.concurrent.CancellationException;
import java.util.stream.IntStream;

/**
 * Measures {@link EpsilonMse} of a model.
 *
 * <p>Image i is noised to timestep floor(T v(i)), v being van der Corput's sequence 0, 1/2, 1/4, 3/4, 1/8, .. which
 * spreads any number of images evenly over the chain. Its noise is addressed by (seed, i, t). So neither batch size nor
 * threads change what is measured, and two models are compared on the same noise.
 *
 * <pre>{@code
 * var mse = EpsilonMeter.standard().measure(model, model.card().schedule(), Mnist.open(folder, Split.TEST), 1000);
 * }</pre>
 *
 * @param batch images in one forward pass, at least 1
 * @param threads cores, each with batches of its own, at least 1
 * @param device where the model lies
 * @param seed of the noise
 * @param progress takes the number of measured images, from one thread at a time
 * @param group whose ranks measure together, with equal results on all of them; each calls {@code measure} alike
 */
public record EpsilonMeter(int batch, int threads, Device device, long seed, Progress progress, Group group) {
    private static final int QUARTERS = 4;

    /** Takes how many images of how many are measured. */
    @FunctionalInterface
    public interface Progress {
        /** May throw {@link CancellationException} to end the measurement. */
        void images(int done, int of);
    }

    public EpsilonMeter {
        new Batches(batch, threads, device, group); // checks the numbers
    }

    /** A meter of this process alone. */
    public EpsilonMeter(int batch, int threads, Device device, long seed, Progress progress) {
        this(batch, threads, device, seed, progress, Group.ALONE);
    }

    /** Batches of 32 on every core of the CPU, seed 0. */
    public static EpsilonMeter standard() {
        return new EpsilonMeter(32, Runtime.getRuntime().availableProcessors(), Device.CPU, 0, (_, _) -> {});
    }

    public EpsilonMeter withBatch(int newBatch) {
        return new EpsilonMeter(newBatch, threads, device, seed, progress, group);
    }

    public EpsilonMeter withThreads(int newThreads) {
        return new EpsilonMeter(batch, newThreads, device, seed, progress, group);
    }

    public EpsilonMeter on(Device newDevice) {
        return new EpsilonMeter(batch, threads, newDevice, seed, progress, group);
    }

    public EpsilonMeter withSeed(long newSeed) {
        return new EpsilonMeter(batch, threads, device, newSeed, progress, group);
    }

    public EpsilonMeter withProgress(Progress newProgress) {
        return new EpsilonMeter(batch, threads, device, seed, newProgress, group);
    }

    public EpsilonMeter in(Group newGroup) {
        return new EpsilonMeter(batch, threads, device, seed, progress, newGroup);
    }

    /** Measures a model that predicts epsilon. */
    public EpsilonMse measure(Denoiser model, BetaSchedule schedule, ImageSet data, int count) {
        return measure(model, schedule, Prediction.EPSILON, data, count);
    }

    /**
     * Measures images 0..count-1 of a set, each once.
     *
     * @param model its slice {@code i..i+1} is asked about image i
     * @param schedule the one the model was trained with
     * @param prediction what it predicts; measured is the epsilon that its output implies
     * @param count 1..data.size()
     * @throws CancellationException if this thread is interrupted
     */
    public EpsilonMse measure(Denoiser model, BetaSchedule schedule, Prediction prediction, ImageSet data, int count) {
        var diffusion = new Diffusion(schedule);
        var errors = new double[Math.max(0, count)]; // a wrong count is refused below
        var batches = new Batches(batch, threads, device, group);
        batches.over(
                data,
                count,
                (_, from, n) -> measure(model, diffusion, prediction, data, from, n, errors),
                done -> progress.images(done, count));
        return summary(batches.joined(errors), schedule.steps());
    }

    /** The timestep that image {@code image} is noised to, in a chain of {@code steps}. */
    static int timestep(int image, int steps) {
        double place = (Integer.reverse(image) & 0xFFFFFFFFL) * 0x1p-32; // van der Corput, base 2
        return (int) (place * steps);
    }

    private void measure(
            Denoiser model,
            Diffusion diffusion,
            Prediction prediction,
            ImageSet data,
            int from,
            int n,
            double[] errors) {
        int perImage = data.shape().bytes();
        var noise = Noise.seed(seed);
        var epsilon = new float[n * perImage];
        var t = new long[n];
        for (int i = 0; i < n; i++) {
            int timestep = timestep(from + i, diffusion.steps());
            t[i] = timestep;
            noise.normals(Noise.Domain.EVAL, from + i, timestep, epsilon, i * perImage, perImage);
        }
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var x0 = Batches.images(data, from, n).on(device);
            var target = Tensor.of(epsilon, x0.shape()).on(device);
            var times = Tensor.of(t, Shape.of(n)).on(device);
            var xt = new ForwardProcess(diffusion, device).xt(x0, times, target);
            var implied = new PredictionConversion(diffusion, prediction, device)
                    .epsilon(xt, model.slice(from, from + n).predict(xt, times), times);
            var difference = implied.sub(target);
            var means = Ops.mean(difference.mul(difference), 1, 2, 3).toFloats(); // [n]
            for (int i = 0; i < n; i++) {
                errors[from + i] = means[i];
            }
        }
    }

    private static EpsilonMse summary(double[] errors, int steps) {
        var quartiles = new ArrayList<EpsilonMse.Quartile>();
        double variance = 0;
        for (int quarter = 0; quarter < QUARTERS; quarter++) {
            int fromT = (int) ((long) steps * quarter / QUARTERS);
            int toT = (int) ((long) steps * (quarter + 1) / QUARTERS) - 1;
            var within = IntStream.range(0, errors.length)
                    .filter(i -> timestep(i, steps) >= fromT && timestep(i, steps) <= toT)
                    .mapToDouble(i -> errors[i])
                    .toArray();
            var error = Estimate.of(within);
            quartiles.add(new EpsilonMse.Quartile(fromT, toT, within.length, error.mean(), error.standardError()));
            if (within.length > 0) {
                double share = (double) within.length / errors.length * error.standardError();
                variance += share * share;
            }
        }
        // Without the spread between quarters, which the even timesteps have taken out; with it where one is unknown.
        var all = Estimate.of(errors);
        double standardError = Double.isNaN(variance) ? all.standardError() : Math.sqrt(variance);
        return new EpsilonMse(errors.length, all.mean(), standardError, quartiles);
    }
}
