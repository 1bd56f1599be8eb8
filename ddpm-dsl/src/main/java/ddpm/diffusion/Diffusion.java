package ddpm.diffusion;

import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The forward process and its posterior as tables over t = 0..T-1, all derived from the betas in float64 (Ho et al.
 * 2020, section 2). Immutable; knows neither tensors nor models.
 *
 * <p>With alpha_t = 1 - beta_t and alphasCumprod_t their running product:
 *
 * <ul>
 *   <li>q(x_t | x_0) = N(sqrtAlphasCumprod_t x_0, (1 - alphasCumprod_t) I) (eq. 4)
 *   <li>q(x_{t-1} | x_t, x_0) = N(posteriorMeanCoef1_t x_0 + posteriorMeanCoef2_t x_t, posteriorVariance_t I) (eq. 6, 7)
 *   <li>x_0 = sqrtRecipAlphasCumprod_t x_t - sqrtRecipm1AlphasCumprod_t epsilon
 * </ul>
 *
 * <p>A {@linkplain #respaced respaced} chain is a Diffusion of its own with fewer steps: its tables are indexed by its
 * own 0..S-1, and {@link #timestep} says which t of the full chain the model was trained to see there.
 */
public final class Diffusion {
    private final BetaSchedule schedule;
    private final int[] timesteps;
    private final int trainedSteps;

    private final Table betas;
    private final Table alphas;
    private final Table alphasCumprod;
    private final Table alphasCumprodPrev;
    private final Table posteriorVariance;

    /** The full chain of a schedule. */
    public Diffusion(BetaSchedule schedule) {
        this(schedule, IntStream.range(0, schedule.steps()).toArray(), schedule.steps());
    }

    private Diffusion(BetaSchedule schedule, int[] timesteps, int trainedSteps) {
        this.schedule = schedule;
        this.timesteps = timesteps;
        this.trainedSteps = trainedSteps;
        betas = schedule.betas();
        alphas = perStep(t -> 1 - betas.at(t));
        var products = alphas.doubles();
        for (int t = 1; t < products.length; t++) {
            products[t] *= products[t - 1];
        }
        alphasCumprod = Table.copyOf(products);
        alphasCumprodPrev = perStep(t -> t == 0 ? 1 : products[t - 1]);
        posteriorVariance = perStep(t -> betas.at(t) * (1 - alphasCumprodPrev.at(t)) / (1 - alphasCumprod.at(t)));
    }

    /**
     * The chain that visits only the given timesteps of this one, with betas 1 - alphasCumprod_t / alphasCumprod_prev, so
     * that q(x_t | x_0) at each of them stays what it was (Nichol and Dhariwal 2021, section 4). Its step i is the i-th
     * smallest of the timesteps.
     *
     * @throws IllegalArgumentException if the timesteps belong to a chain of another length
     */
    public Diffusion respaced(Timesteps visited) {
        if (visited.of() != steps()) {
            throw new IllegalArgumentException(
                    "the timesteps belong to a chain of " + visited.of() + " steps and this one has " + steps());
        }
        int count = visited.count();
        var merged = new double[count];
        var kept = new int[count];
        double previous = 1;
        for (int i = 0; i < count; i++) {
            int t = visited.at(count - 1 - i);
            merged[i] = 1 - alphasCumprod.at(t) / previous;
            kept[i] = timesteps[t];
            previous = alphasCumprod.at(t);
        }
        return new Diffusion(BetaSchedule.derived(schedule + " at " + visited, merged), kept, trainedSteps);
    }

    /** The betas of this chain; of a respaced chain, the merged ones. */
    public BetaSchedule schedule() {
        return schedule;
    }

    /** The number of steps of this chain: T, or S after respacing. */
    public int steps() {
        return timesteps.length;
    }

    /** T of the chain that the model was trained on; equals {@link #steps()} unless this chain is respaced. */
    public int trainedSteps() {
        return trainedSteps;
    }

    /**
     * The timestep of the trained chain at step {@code t} of this one, at which the model is asked.
     *
     * @throws IndexOutOfBoundsException unless 0 &lt;= t &lt; steps()
     */
    public int timestep(int t) {
        if (t < 0 || t >= timesteps.length) {
            throw new IndexOutOfBoundsException("timestep " + t + " is outside 0.." + (timesteps.length - 1));
        }
        return timesteps[t];
    }

    /** A fresh array of {@link #timestep} by t, strictly rising. */
    public int[] timesteps() {
        return timesteps.clone();
    }

    /** beta_t. */
    public Table betas() {
        return betas;
    }

    /** alpha_t = 1 - beta_t. */
    public Table alphas() {
        return alphas;
    }

    /** The product alpha_0 .. alpha_t: the paper's alpha-bar. */
    public Table alphasCumprod() {
        return alphasCumprod;
    }

    /** alphasCumprod at t-1; 1 at t = 0. */
    public Table alphasCumprodPrev() {
        return alphasCumprodPrev;
    }

    /** sqrt(alphasCumprod): the factor of x_0 in x_t. */
    public Table sqrtAlphasCumprod() {
        return perStep(t -> Math.sqrt(alphasCumprod.at(t)));
    }

    /** sqrt(1 - alphasCumprod): the factor of epsilon in x_t. */
    public Table sqrtOneMinusAlphasCumprod() {
        return perStep(t -> Math.sqrt(1 - alphasCumprod.at(t)));
    }

    /** ln(1 - alphasCumprod): the log variance of q(x_t | x_0). */
    public Table logOneMinusAlphasCumprod() {
        return perStep(t -> StrictMath.log(1 - alphasCumprod.at(t)));
    }

    /** sqrt(1 / alphasCumprod). */
    public Table sqrtRecipAlphasCumprod() {
        return perStep(t -> Math.sqrt(1 / alphasCumprod.at(t)));
    }

    /** sqrt(1 / alphasCumprod - 1). */
    public Table sqrtRecipm1AlphasCumprod() {
        return perStep(t -> Math.sqrt(1 / alphasCumprod.at(t) - 1));
    }

    /**
     * sqrt(1 - alphasCumprod) / sqrt(alphasCumprod): the standard deviation of the noise in x_t / sqrt(alphasCumprod), which
     * Karras et al. 2022 call sigma. Rises with t.
     */
    public Table sigmas() {
        return perStep(t -> Math.sqrt((1 - alphasCumprod.at(t)) / alphasCumprod.at(t)));
    }

    /**
     * The timestep with this sigma, between two timesteps by interpolation of ln sigma. Networks that embed timesteps by
     * sinusoids take such fractions, as a float tensor.
     *
     * @param sigma positive; beyond the ends of {@link #sigmas} the first or last timestep is meant
     */
    public double timestepOf(double sigma) {
        if (!(sigma > 0) || !Double.isFinite(sigma)) {
            throw new IllegalArgumentException("sigma is positive and finite, not " + sigma);
        }
        var sigmas = sigmas();
        int above = 0;
        while (above < steps() && sigmas.at(above) < sigma) {
            above++;
        }
        if (above == 0 || above == steps()) {
            return timesteps[Math.min(above, steps() - 1)];
        }
        double low = StrictMath.log(sigmas.at(above - 1));
        double high = StrictMath.log(sigmas.at(above));
        double fraction = (StrictMath.log(sigma) - low) / (high - low);
        return timesteps[above - 1] + fraction * (timesteps[above] - timesteps[above - 1]);
    }

    /** The variance of q(x_{t-1} | x_t, x_0), the paper's beta-tilde_t (eq. 7); 0 at t = 0. */
    public Table posteriorVariance() {
        return posteriorVariance;
    }

    /** ln(posteriorVariance), its entry at t = 0 replaced as in {@link #logVariance}. */
    public Table posteriorLogVarianceClipped() {
        return logVariance(Variance.FIXED_SMALL);
    }

    /** The factor of x_0 in the mean of q(x_{t-1} | x_t, x_0) (eq. 7). */
    public Table posteriorMeanCoef1() {
        return perStep(t -> betas.at(t) * Math.sqrt(alphasCumprodPrev.at(t)) / (1 - alphasCumprod.at(t)));
    }

    /** The factor of x_t in the mean of q(x_{t-1} | x_t, x_0) (eq. 7). */
    public Table posteriorMeanCoef2() {
        return perStep(t -> (1 - alphasCumprodPrev.at(t)) * Math.sqrt(alphas.at(t)) / (1 - alphasCumprod.at(t)));
    }

    /**
     * sigma_t^2 of the reverse process: 0 at t = 0 for FIXED_SMALL, beta_0 for FIXED_LARGE; sampling adds neither. For
     * LEARNED_RANGE that of an output v = 0, halfway on a logarithmic scale.
     */
    public Table variance(Variance variance) {
        return switch (variance) {
            case FIXED_SMALL -> posteriorVariance;
            case FIXED_LARGE -> betas;
            case LEARNED_RANGE -> perStep(t -> Math.sqrt(betas.at(t) * posteriorVariance.at(t)));
        };
    }

    /**
     * ln sigma_t^2 as the likelihood bound uses it. The entry at t = 0 is ln(posteriorVariance_1) for both fixed choices, as
     * in Ho et al.'s code: the posterior variance there is 0. A chain of a single step has no posteriorVariance_1 and uses
     * ln(beta_0). For LEARNED_RANGE that of an output v = 0, around which {@link #logVarianceSpread} reaches.
     */
    public Table logVariance(Variance variance) {
        double first = steps() > 1 ? posteriorVariance.at(1) : betas.at(0);
        if (variance.isLearned()) {
            return perStep(t ->
                    0.5 * (StrictMath.log(t == 0 ? first : posteriorVariance.at(t)) + StrictMath.log(betas.at(t))));
        }
        var sigmaSquared = variance(variance);
        return perStep(t -> StrictMath.log(t == 0 ? first : sigmaSquared.at(t)));
    }

    /** The change of {@link #logVariance} per unit of a learned variance's output v; 0 where the variance is fixed. */
    public Table logVarianceSpread(Variance variance) {
        var middle = logVariance(variance);
        return perStep(t -> variance.isLearned() ? StrictMath.log(betas.at(t)) - middle.at(t) : 0);
    }

    private Table perStep(IntToDoubleFunction f) {
        return Table.of(timesteps.length, f);
    }
}
