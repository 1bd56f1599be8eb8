package ddpm.diffusion;

import static ddpm.text.Untrusted.quote;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import java.util.regex.Pattern;

/**
 * The variances beta_0 .. beta_{T-1} of the forward process q(x_t | x_{t-1}) = N(sqrt(1 - beta_t) x_{t-1}, beta_t I)
 * (Ho et al. 2020, eq. 2). Indices count from 0, so {@code beta(0)} is the paper's beta_1.
 *
 * <p>Every beta lies strictly between 0 and 1. A beta of 0 adds no noise, and its posterior is 0/0; a beta of 1 leaves
 * no signal, and x0 = (x_t - ..) / sqrt(alphasCumprod) divides by 0. Immutable, float64.
 *
 * <p>Whether T steps are enough for a given curve is the caller's to judge, by {@link #terminalSignal()}: the paper's
 * 1e-4..0.02 is meant for T = 1000, and at T = 10 x_T still shows the image. Rescaling betas by 1000/T keeps the noise
 * level but passes 1 for T below 20, which is refused here.
 */
public final class BetaSchedule {
    /** Ho et al.'s first beta for T = 1000. */
    public static final double DEFAULT_START = 1e-4;

    /** Ho et al.'s last beta for T = 1000. */
    public static final double DEFAULT_END = 0.02;

    /** The most timesteps: far above any published chain, and low enough that all tables together stay below 200 MB. */
    public static final int MAX_STEPS = 1_000_000;

    /** The largest beta that curves given through alphasCumprod reach (Nichol and Dhariwal 2021, section 3.2). */
    public static final double MAX_BETA = 0.999;

    /** Half of float32's exponents: 1/sqrt(alphasCumprod) times any image stays finite. */
    private static final double MIN_SIGNAL = 1e-38;

    private static final Pattern TEXT = Pattern.compile("([a-z0-9]{1,20})\\(([^()]{1,200})\\)");
    private static final String FORMS = "there are linear, quadratic, warmup10 and warmup50(STEPS, START, END),"
            + " constant(STEPS, BETA), jsd(STEPS), cosine(STEPS) and sigmoid(STEPS[, START, END, TAU])";

    private final String description;
    private final double[] betas;

    private BetaSchedule(String description, double[] betas) {
        double signal = 1;
        for (int t = 0; t < betas.length; t++) {
            double alpha = 1 - betas[t];
            // Of alpha too: a beta below 1e-16 is lost in 1 - beta, and its posterior would be 0/0 all the same.
            if (!(betas[t] > 0 && betas[t] < 1 && alpha > 0 && alpha < 1)) {
                throw new IllegalArgumentException("beta[" + t + "] of " + description + " is " + betas[t]
                        + "; every beta must lie strictly between 0 and 1"
                        + (betas[t] >= 1 ? ": use a smaller end or more steps" : ""));
            }
            signal *= alpha;
            if (signal < MIN_SIGNAL) {
                throw new IllegalArgumentException("alphasCumprod[" + t + "] of " + description + " is " + signal
                        + ", below " + MIN_SIGNAL + "; x0 could not be computed from x_t in float32: use a smaller end"
                        + " or fewer steps");
            }
        }
        this.description = description;
        this.betas = betas;
    }

    /** Betas evenly spaced from {@code start} to {@code end}, both included: the paper's schedule. */
    public static BetaSchedule linear(int steps, double start, double end) {
        return new BetaSchedule(describe("linear", steps, start, end), linspace(start, end, checkSteps(steps)));
    }

    /** The paper's own: linear from 1e-4 to 0.02 over 1000 steps. */
    public static BetaSchedule ho2020() {
        return linear(1000, DEFAULT_START, DEFAULT_END);
    }

    /** Square roots of betas evenly spaced ("quad" in Ho et al.'s code, "scaled_linear" in diffusers). */
    public static BetaSchedule quadratic(int steps, double start, double end) {
        var betas = linspace(Math.sqrt(start), Math.sqrt(end), checkSteps(steps));
        for (int t = 0; t < steps; t++) {
            betas[t] *= betas[t];
        }
        return new BetaSchedule(describe("quadratic", steps, start, end), betas);
    }

    /** One beta at every step. */
    public static BetaSchedule constant(int steps, double beta) {
        var betas = new double[checkSteps(steps)];
        Arrays.fill(betas, beta);
        return new BetaSchedule("constant(" + steps + ", " + beta + ")", betas);
    }

    /** Rises linearly from {@code start} to {@code end} over the first tenth of the steps and stays there. */
    public static BetaSchedule warmup10(int steps, double start, double end) {
        return warmup("warmup10", 0.1, steps, start, end);
    }

    /** Rises linearly from {@code start} to {@code end} over the first half of the steps and stays there. */
    public static BetaSchedule warmup50(int steps, double start, double end) {
        return warmup("warmup50", 0.5, steps, start, end);
    }

    /**
     * beta_t = 1/(T - t), under which signal falls linearly (Sohl-Dickstein et al. 2015), capped at {@link #MAX_BETA}.
     *
     * <p>The formula's last beta is 1/1. Ho et al.'s code lets it stand, and its tables then hold infinities; the cap
     * is the one the cosine curve was published with and changes that last entry only.
     */
    public static BetaSchedule jsd(int steps) {
        var betas = new double[checkSteps(steps)];
        for (int t = 0; t < steps; t++) {
            betas[t] = Math.min(1.0 / (steps - t), MAX_BETA);
        }
        return new BetaSchedule("jsd(" + steps + ")", betas);
    }

    /**
     * alphasCumprod(s) = cos^2((s + 0.008)/1.008 * pi/2) at s = t/T, betas capped at {@link #MAX_BETA} (Nichol and
     * Dhariwal 2021, eq. 17; "squaredcos_cap_v2" in diffusers).
     */
    public static BetaSchedule cosine(int steps) {
        return fromSignal("cosine(" + steps + ")", steps, s -> {
            double cos = StrictMath.cos((s + 0.008) / 1.008 * Math.PI / 2);
            return cos * cos;
        });
    }

    /** {@link #sigmoid(int, double, double, double)} from -3 to 3 at temperature 1. */
    public static BetaSchedule sigmoid(int steps) {
        return sigmoid(steps, -3, 3, 1);
    }

    /**
     * alphasCumprod(s) falls from 1 to 0 along the logistic curve between {@code start} and {@code end}, betas capped
     * at {@link #MAX_BETA} (Jabri et al. 2022, algorithm 2; lucidrains' "sigmoid").
     *
     * @param start where on the logistic curve s = 0 lies
     * @param end where s = 1 lies, above {@code start}
     * @param tau temperature, above 0: larger is closer to a straight line
     */
    public static BetaSchedule sigmoid(int steps, double start, double end, double tau) {
        String description = "sigmoid(" + steps + ", " + start + ", " + end + ", " + tau + ")";
        if (!(start < end) || !(tau > 0) || Double.isInfinite(end - start) || Double.isInfinite(tau)) {
            throw new IllegalArgumentException(description + " needs finite start < end and tau > 0");
        }
        double atEnd = logistic(end / tau);
        double span = atEnd - logistic(start / tau);
        return fromSignal(description, steps, s -> (atEnd - logistic((s * (end - start) + start) / tau)) / span);
    }

    /**
     * Betas from elsewhere, such as a checkpoint.
     *
     * @param betas beta by t; copied
     */
    public static BetaSchedule of(double... betas) {
        checkSteps(betas.length);
        return new BetaSchedule("given(" + betas.length + " betas)", betas.clone());
    }

    /**
     * Reads what {@link #toString} writes, e.g. {@code linear(1000, 1.0E-4, 0.02)} or {@code cosine(1000)}: the text form
     * of files and of the command line.
     *
     * @throws IllegalArgumentException for anything else; it lists the forms there are
     */
    public static BetaSchedule parse(String text) {
        var matcher = TEXT.matcher(text.strip());
        if (matcher.matches()) {
            double[] n;
            try {
                n = Arrays.stream(matcher.group(2).split(",", -1))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException("not a number in the schedule " + quote(text) + "; " + FORMS);
            }
            if (n[0] == (int) n[0]) {
                int steps = (int) n[0];
                switch (matcher.group(1) + "/" + n.length) {
                    case "linear/3":
                        return linear(steps, n[1], n[2]);
                    case "quadratic/3":
                        return quadratic(steps, n[1], n[2]);
                    case "constant/2":
                        return constant(steps, n[1]);
                    case "warmup10/3":
                        return warmup10(steps, n[1], n[2]);
                    case "warmup50/3":
                        return warmup50(steps, n[1], n[2]);
                    case "jsd/1":
                        return jsd(steps);
                    case "cosine/1":
                        return cosine(steps);
                    case "sigmoid/1":
                        return sigmoid(steps);
                    case "sigmoid/4":
                        return sigmoid(steps, n[1], n[2], n[3]);
                    default:
                        break;
                }
            }
        }
        throw new IllegalArgumentException("unknown schedule " + quote(text) + "; " + FORMS);
    }

    /** Betas computed from this package's own tables, e.g. of a respaced chain. */
    static BetaSchedule derived(String description, double[] betas) {
        return new BetaSchedule(description, betas);
    }

    /** T, the number of timesteps. */
    public int steps() {
        return betas.length;
    }

    /** beta_t by t. */
    public Table betas() {
        return Table.copyOf(betas);
    }

    /**
     * sqrt(alphasCumprod) at the last step: the factor with which the image is still present in x_T, 0..1.
     *
     * <p>Sampling starts from pure noise, so this should be near 0: 0.006 for Ho et al.'s schedule. Above about 0.05 the
     * first sampling step sees inputs unlike any from training, and samples come out dull and grey; use more steps or a
     * larger end.
     */
    public double terminalSignal() {
        double product = 1;
        for (double beta : betas) {
            product *= 1 - beta;
        }
        return Math.sqrt(product);
    }

    /** Equal when every beta is, however the schedules were made. */
    @Override
    public boolean equals(Object other) {
        return other instanceof BetaSchedule that && Arrays.equals(betas, that.betas);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(betas);
    }

    /** How the schedule was made: {@code linear(1000, 1.0E-4, 0.02)}. */
    @Override
    public String toString() {
        return description;
    }

    private static BetaSchedule warmup(String name, double fraction, int steps, double start, double end) {
        var betas = new double[checkSteps(steps)];
        Arrays.fill(betas, end);
        var rise = linspace(start, end, (int) (steps * fraction));
        System.arraycopy(rise, 0, betas, 0, rise.length);
        return new BetaSchedule(describe(name, steps, start, end), betas);
    }

    /** beta_t = 1 - signal((t+1)/T) / signal(t/T), capped: alphasCumprod follows {@code signal} up to a constant. */
    private static BetaSchedule fromSignal(String description, int steps, DoubleUnaryOperator signal) {
        var betas = new double[checkSteps(steps)];
        for (int t = 0; t < steps; t++) {
            double before = signal.applyAsDouble((double) t / steps);
            double after = signal.applyAsDouble((double) (t + 1) / steps);
            betas[t] = Math.min(1 - after / before, MAX_BETA);
        }
        return new BetaSchedule(description, betas);
    }

    /** As numpy.linspace: i * step + start, the last entry set to {@code end}; one entry is {@code start}. */
    private static double[] linspace(double start, double end, int count) {
        var values = new double[count];
        double step = (end - start) / (count - 1);
        for (int i = 0; i < count; i++) {
            values[i] = i == 0 ? start : i * step + start;
        }
        if (count > 1) {
            values[count - 1] = end;
        }
        return values;
    }

    private static double logistic(double x) {
        return 1 / (1 + StrictMath.exp(-x));
    }

    private static int checkSteps(int steps) {
        if (steps < 1 || steps > MAX_STEPS) {
            throw new IllegalArgumentException("a schedule has 1.." + MAX_STEPS + " steps, not " + steps);
        }
        return steps;
    }

    private static String describe(String name, int steps, double start, double end) {
        return name + "(" + steps + ", " + start + ", " + end + ")";
    }
}
