package ddpm.tests.digits;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Sampler;
import ddpm.diffusion.Timesteps;
import ddpm.io.Model;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Draws digits and asks {@link LeNet} what they are:
 * {@code JudgeDigits LENET.safetensors MODEL.safetensors|embedded [COUNT] [STEPS]}.
 */
final class JudgeDigits {
    private static final double CONFIDENT = 0.9;

    private JudgeDigits() {}

    /**
     * @param confident the share of images whose likeliest digit has a probability above 0.9
     * @param shares of each digit among all images, by the likeliest
     */
    record Verdict(double confident, double[] shares) {
        @Override
        public String toString() {
            return "%.1f %% told with confidence above 0.9; shares of 0..9 in %%: %s"
                    .formatted(
                            100 * confident,
                            Arrays.toString(Arrays.stream(shares)
                                    .map(share -> Math.round(1000 * share) / 10.0)
                                    .toArray()));
        }
    }

    public static void main(String[] arguments) throws IOException {
        int count = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 1000;
        try (var lenet = LeNet.load(Path.of(arguments[0]));
                var model = arguments[1].equals("embedded")
                        ? Model.embedded(Device.CPU)
                        : Model.load(Path.of(arguments[1]), Device.CPU)) {
            var schedule = model.card().schedule();
            int steps = arguments.length > 3 ? Integer.parseInt(arguments[3]) : schedule.steps();
            var chain = new Diffusion(schedule).respaced(Timesteps.even(schedule.steps(), steps));
            System.out.println(judge(lenet, model, model.card().sampler(chain), count));
        }
    }

    static Verdict judge(LeNet lenet, Model model, Sampler sampler, int count) {
        int batch = 100;
        int confident = 0;
        var shares = new double[10];
        for (int first = 0; first < count; first += batch) {
            int n = Math.min(batch, count - first);
            try (var _ = TensorScope.open();
                    var _ = GradMode.off()) {
                var images =
                        sampler.withFirstImage(first).sample(model, model.card().images(n), Noise.seed(2020));
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
                    confident += values[10 * i + likeliest] > CONFIDENT ? 1 : 0;
                }
            }
        }
        return new Verdict((double) confident / count, shares);
    }
}
