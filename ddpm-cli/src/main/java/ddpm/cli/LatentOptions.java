package ddpm.cli;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.model.Model;
import ddpm.sampling.Interpolation;
import ddpm.sampling.Inversion;
import ddpm.sampling.Sampler;
import ddpm.sampling.SphericalInterpolation;
import ddpm.torch.Tensor;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The latent space that two pictures are mixed in, and how far from the pictures it is. */
final class LatentOptions {
    private static final int DDIM_STEPS = 100;

    /** The space that pictures are mixed in. */
    enum Latent {
        NOISE,
        DDIM
    }

    @Option(
            names = "--latent",
            paramLabel = "KIND",
            defaultValue = "noise",
            description =
                    "noise: noised pictures, as in the paper; or ddim: the noise from which DDIM draws each picture"
                            + " again, mixed on a sphere (default: ${DEFAULT-VALUE}).")
    private Latent latent;

    @Option(
            names = "--noising",
            paramLabel = "N,..",
            split = ",",
            description = "How many steps both are noised, 0 to the model's T; one row each (default: half of T).")
    private List<Integer> noising;

    @Option(
            names = "--steps",
            paramLabel = "N",
            converter = Values.Steps.class,
            description = "With --latent ddim: steps up and down; more give truer ends (default: " + DDIM_STEPS + ").")
    private Integer steps;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = Values.Seed.class,
            description = "Seed of the noise, which all mixtures share; --latent ddim has none (default: 0).")
    private Long seed;

    /** The steps of each row: how far it is noised, or how many lead to the latent of DDIM. */
    List<Integer> rows(CommandLine line, int trained) {
        if (latent == Latent.DDIM) {
            if (noising != null || seed != null) {
                throw wrong(
                        line,
                        (noising != null ? "--noising" : "--seed") + ": not with --latent ddim, which adds no noise");
            }
            if (steps != null && steps > trained) {
                throw wrong(line, "--steps " + steps + ": this model has 1.." + trained + " steps");
            }
            return List.of(steps == null ? Math.min(DDIM_STEPS, trained) : steps);
        }
        if (steps != null) {
            throw wrong(
                    line, "--steps " + steps + ": only with --latent ddim; --noising says how far pictures are noised");
        }
        var rows = noising == null ? List.of(trained / 2) : noising;
        for (int row : rows) {
            if (row < 0 || row > trained) {
                throw wrong(line, "--noising " + row + ": 0.." + trained + " steps of this model");
            }
        }
        return rows;
    }

    /** A way to mix two pictures, {@code [1, C, H, W]} each, into a row of {@code lambdas} mixtures. */
    interface Mixture {
        /** @param model conditioned on the classes of a batch of up to {@code lambdas} */
        Tensor between(Denoiser model, Tensor a, Tensor b, double[] lambdas);
    }

    /**
     * The way to mix the pictures of one row.
     *
     * @param model whose chain it is
     * @param row one of {@link #rows}
     */
    Mixture mixture(Model model, int row, int threads, Sampler.Progress progress) {
        var card = model.card();
        var chain = new Diffusion(card.schedule());
        return switch (latent) {
            case NOISE -> {
                var sampler = card.sampler(chain).withThreads(threads).withProgress(progress);
                var interpolation = new Interpolation(sampler, model.device());
                yield (denoiser, a, b, lambdas) ->
                        interpolation.between(denoiser, a, b, row, lambdas, Noise.seed(seed()));
            }
            case DDIM -> {
                var shorter = chain.respaced(Timesteps.even(chain.steps(), row));
                yield new SphericalInterpolation(
                        new Inversion(shorter, card.prediction(), threads, model.device(), progress))::between;
            }
        };
    }

    private long seed() {
        return seed == null ? 0 : seed;
    }

    /** The remarks in the picture's file. */
    Map<String, String> remarks(List<Integer> rows) {
        var steps = rows.stream().map(String::valueOf).collect(Collectors.joining(","));
        return latent == Latent.DDIM
                ? Map.of("Software", Main.Version.program(), "latent", "ddim", "steps", steps)
                : Map.of("Software", Main.Version.program(), "seed", Long.toString(seed()), "noising", steps);
    }

    private static ParameterException wrong(CommandLine line, String message) {
        return new ParameterException(line, message);
    }
}
