package ddpm.tests.digits;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.model.Model;
import ddpm.sampling.Sampler;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Draws digits and asks {@link LeNet} what they are:
 * {@code JudgeDigits LENET.safetensors MODEL.safetensors|embedded [COUNT] [STEPS] [GUIDANCE] [FLOAT32|BFLOAT16]}. A
 * conditional model is asked for its classes in turn.
 */
final class JudgeDigits {
    private static final double CONFIDENT = 0.9;

    private JudgeDigits() {}

    /**
     * @param confident the share of images whose likeliest digit has a probability above 0.9
     * @param shares of each digit among all images, by the likeliest
     * @param asked the share of images whose likeliest digit is the one asked for; NaN of a model that takes no classes
     */
    record Verdict(double confident, double[] shares, double asked) {
        @Override
        public String toString() {
            return "%.1f %% told with confidence above 0.9; shares of 0..9 in %%: %s"
                            .formatted(
                                    100 * confident,
                                    Arrays.toString(Arrays.stream(shares)
                                            .map(share -> Math.round(1000 * share) / 10.0)
                                            .toArray()))
                    + (Double.isNaN(asked) ? "" : "; %.1f %% are the digit asked for".formatted(100 * asked));
        }
    }

    public static void main(String[] arguments) throws IOException {
        int count = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1000;
        try (var lenet = LeNet.load(Path.of(arguments[0]));
                var opened = arguments[1].equals("embedded")
                        ? Model.embedded(Device.CPU)
                        : Model.load(Path.of(arguments[1]), Device.CPU);
                var model = opened.prepared(arguments.length > 5 ? DType.valueOf(arguments[5]) : DType.FLOAT32)) {
            var schedule = model.card().schedule();
            int steps = arguments.length > 3 ? Integer.parseInt(arguments[3]) : schedule.steps();
            var chain = new Diffusion(schedule).respaced(Timesteps.even(schedule.steps(), steps));
            double guidance = arguments.length > 4 ? Double.parseDouble(arguments[4]) : 1;
            System.out.println(judge(lenet, model, model.card().sampler(chain), count, guidance));
        }
    }

    static Verdict judge(LeNet lenet, Model model, Sampler sampler, int count, double guidance) {
        int batch = 100;
        int digits = model.card().classes().count();
        int asked = 0;
        int confident = 0;
        var shares = new double[10];
        for (int first = 0; first < count; first += batch) {
            int n = Math.min(batch, count - first);
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                int from = first;
                var wanted = IntStream.range(0, digits == 0 ? 0 : n)
                        .map(i -> (from + i) % digits)
                        .toArray();
                var told = digits == 0 ? model : model.guided(wanted, guidance);
                var images =
                        sampler.withFirstImage(first).sample(told, model.card().images(n), Noise.seed(2020));
                Tensor probabilities = Ops.exp(lenet.forward(Ops.clamp(images, -1, 1))); // [n, 10]
                var values = probabilities.toFloats();
                for (int i = 0; i < n; i++) {
                    int likeliest = 0;
                    for (int digit = 1; digit < 10; digit++) {
                        if (values[10 * i + digit] > values[10 * i + likeliest]) {
                            likeliest = digit;
                        }
                    }
                    shares[likeliest] += 1.0 / count;
                    asked += digits > 0 && likeliest == wanted[i] ? 1 : 0;
                    confident += values[10 * i + likeliest] > CONFIDENT ? 1 : 0;
                }
            }
        }
        return new Verdict((double) confident / count, shares, digits == 0 ? Double.NaN : (double) asked / count);
    }
}
