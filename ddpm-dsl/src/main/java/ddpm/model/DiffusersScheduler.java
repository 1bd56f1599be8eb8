package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.io.FileBytes;
import ddpm.io.FileFormatException;
import ddpm.text.JsonObject;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * The diffusion process in diffusers' {@code scheduler_config.json}: schedule, prediction, variance and clipping. Fields
 * that only concern its samplers, such as the spacing of fewer steps, are not read.
 *
 * @param schedule the betas
 * @param prediction what the model's output means
 * @param variance of the reverse steps; FIXED_SMALL for a DDIMScheduler, which has it at eta = 1
 * @param clip whether x0 is clipped
 */
record DiffusersScheduler(BetaSchedule schedule, Prediction prediction, Variance variance, Clip clip) {
    static final String FILE = "scheduler_config.json";

    private static final int STEPS = 1000;

    /** The curve "sigmoid" is the logistic function from minus this to this. */
    private static final double SIGMOID_SPAN = 6;

    /** Ends of a curve are rounded to what people write: those computed back from betas are off in the last bit. */
    private static final MathContext DIGITS = new MathContext(12);

    /** The defaults of diffusers' DDPMScheduler, for a folder without the file. */
    static DiffusersScheduler defaults() {
        return new DiffusersScheduler(BetaSchedule.ho2020(), Prediction.EPSILON, Variance.FIXED_SMALL, Clip.X0);
    }

    /**
     * @throws FileFormatException if it is another scheduler's, or says what this library cannot do; the field is named
     */
    static DiffusersScheduler read(Path file) throws IOException {
        return FileBytes.readJson(file, "the configuration", DiffusersScheduler::read);
    }

    private static DiffusersScheduler read(JsonObject json) {
        json.require("_class_name", "DDPMScheduler", "DDIMScheduler");
        json.require("rescale_betas_zero_snr", false);
        json.require("thresholding", false);
        boolean clips = json.flag("clip_sample", true);
        if (clips && json.number("clip_sample_range", 1) != 1) {
            throw json.bad("clip_sample_range", "is " + json.number("clip_sample_range", 1) + "; supported is 1");
        }
        return new DiffusersScheduler(betas(json), prediction(json), variance(json), clips ? Clip.X0 : Clip.NONE);
    }

    private static BetaSchedule betas(JsonObject json) {
        int steps = json.integer("num_train_timesteps", STEPS);
        var given = json.isNothing("trained_betas")
                ? List.<Number>of()
                : json.list("trained_betas", Number.class, List.of());
        if (!given.isEmpty()) {
            return BetaSchedule.of(
                    given.stream().mapToDouble(Number::doubleValue).toArray());
        }
        double start = json.number("beta_start", BetaSchedule.DEFAULT_START);
        double end = json.number("beta_end", BetaSchedule.DEFAULT_END);
        return switch (json.text("beta_schedule", "linear")) {
            case "linear" -> BetaSchedule.linear(steps, start, end);
            case "scaled_linear" -> BetaSchedule.quadratic(steps, start, end);
            case "squaredcos_cap_v2" -> BetaSchedule.cosine(steps);
            case "sigmoid" -> sigmoid(steps, start, end);
            case String other ->
                throw json.bad(
                        "beta_schedule",
                        "is " + quote(other) + "; supported are linear, scaled_linear, squaredcos_cap_v2 and sigmoid");
        };
    }

    /** Betas themselves along the logistic curve (GeoDiff), where {@link BetaSchedule#sigmoid} bends alphasCumprod. */
    private static BetaSchedule sigmoid(int steps, double start, double end) {
        if (steps < 1 || steps > BetaSchedule.MAX_STEPS) {
            throw new IllegalArgumentException("a schedule has 1.." + BetaSchedule.MAX_STEPS + " steps, not " + steps);
        }
        return BetaSchedule.of(IntStream.range(0, steps)
                .mapToDouble(t -> {
                    double at = steps == 1 ? -SIGMOID_SPAN : 2 * SIGMOID_SPAN * t / (steps - 1) - SIGMOID_SPAN;
                    return (end - start) / (1 + StrictMath.exp(-at)) + start;
                })
                .toArray());
    }

    private static Prediction prediction(JsonObject json) {
        if (!json.flag("predict_epsilon", true)) { // before there was a prediction_type
            return Prediction.X0;
        }
        json.require("prediction_type", "epsilon", "sample", "v_prediction");
        return switch (json.text("prediction_type", "epsilon")) {
            case "sample" -> Prediction.X0;
            case "v_prediction" -> Prediction.V;
            default -> Prediction.EPSILON;
        };
    }

    private static Variance variance(JsonObject json) {
        json.require(
                "variance_type", "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned_range");
        return switch (json.text("variance_type", "fixed_small")) {
            case "fixed_large", "fixed_large_log" -> Variance.FIXED_LARGE;
            case "learned_range" -> Variance.LEARNED_RANGE;
            default -> Variance.FIXED_SMALL;
        };
    }

    /**
     * Writes the configuration of a DDPMScheduler.
     *
     * @throws IllegalArgumentException for a prediction that diffusers does not know
     */
    Map<String, Object> json() {
        int steps = schedule.steps();
        double first = schedule.betas().at(0);
        double last = schedule.betas().at(steps - 1);
        double start = new BigDecimal(first).round(DIGITS).doubleValue();
        double end = new BigDecimal(last).round(DIGITS).doubleValue();
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "DDPMScheduler");
        json.put("_diffusers_version", DiffusersFolder.VERSION);
        json.put("beta_end", BetaSchedule.DEFAULT_END);
        json.put("beta_schedule", "linear");
        json.put("beta_start", BetaSchedule.DEFAULT_START);
        json.put("clip_sample", clip == Clip.X0);
        json.put("num_train_timesteps", steps);
        json.put(
                "prediction_type",
                switch (prediction) {
                    case EPSILON -> "epsilon";
                    case X0 -> "sample";
                    case V -> "v_prediction";
                    case MEAN ->
                        throw new IllegalArgumentException(
                                "the model predicts the posterior mean, which no scheduler of diffusers can use");
                });
        json.put("trained_betas", null);
        json.put("variance_type", variance.name().toLowerCase(Locale.ROOT));
        if (isCurve(() -> BetaSchedule.linear(steps, first, last))) {
            json.put("beta_start", first);
            json.put("beta_end", last);
        } else if (isCurve(() -> BetaSchedule.quadratic(steps, start, end))) {
            json.put("beta_schedule", "scaled_linear");
            json.put("beta_start", start);
            json.put("beta_end", end);
        } else if (isCurve(() -> BetaSchedule.cosine(steps))) {
            json.put("beta_schedule", "squaredcos_cap_v2");
        } else {
            json.put("trained_betas", schedule.betas().doubles());
        }
        return json;
    }

    /** Whether the schedule is this curve; with the ends of another curve there may be none. */
    private boolean isCurve(Supplier<BetaSchedule> curve) {
        try {
            return schedule.equals(curve.get());
        } catch (IllegalArgumentException impossible) {
            return false;
        }
    }
}
