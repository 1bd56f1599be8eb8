package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The one step that the tables describe, on plain arrays, against the steps of diffusers. */
class ReverseTableTest {
    private static final Diffusion HO = new Diffusion(BetaSchedule.ho2020());
    private static final Diffusion COSINE = new Diffusion(BetaSchedule.cosine(1000));

    @Test
    void ancestralStepsEqualDiffusers() throws IOException {
        var golden = new GoldenSteps("diffusers/ddpm_step");
        int checked = 0;
        for (var row : golden.rows) {
            var variance = row.get("variance_type").equals("fixed_large") ? Variance.FIXED_LARGE : Variance.FIXED_SMALL;
            for (int column = 0; column < 4; column++) {
                int t = golden.t(row, column);
                var chain = diffusion(row).respaced(pair(t, golden.prevT(row, column)));
                var table = ReverseTable.ancestral(chain, prediction(row), variance);
                int last = chain.steps() - 1;
                // A chain's last step adds no noise here. diffusers leaves it out at t = 0 only, so that a chain which
                // ends above 0 returns an image with noise of its whole last stride; its number is reproduced all the
                // same.
                double sigma = last == 0 && t > 0
                        ? Math.sqrt(chain.variance(variance).at(0))
                        : table.sigma().at(last);
                golden.check(row, column, table, last, sigma, (boolean) row.get("clip_sample"), true);
                checked++;
            }
        }
        assertEquals(280, checked);
    }

    @Test
    void ddimStepsEqualDiffusers() throws IOException {
        var golden = new GoldenSteps("diffusers/ddim_step");
        int checked = 0;
        int epsilonKept = 0;
        int endsOnNoise = 0;
        for (var row : golden.rows) {
            boolean clip = (boolean) row.get("clip_sample");
            for (int column = 0; column < 4; column++) {
                int t = golden.t(row, column);
                int prevT = golden.prevT(row, column);
                if (prevT < 0 && !(boolean) row.get("set_alpha_to_one")) {
                    if (t == 0) { // from 0 to 0: no step of any chain
                        endsOnNoise++;
                        continue;
                    }
                    prevT = 0;
                }
                // diffusers' default pairs a clipped x0 with the epsilon of the unclipped one. Here epsilon follows x0,
                // as
                // with its use_clipped_model_output, so under the default only x0 can be compared.
                boolean epsilonFollowsX0 = !clip || (boolean) row.get("use_clipped_model_output");
                epsilonKept += epsilonFollowsX0 ? 0 : 1;
                var chain = diffusion(row).respaced(pair(t, prevT));
                var table = ReverseTable.ddim(chain, prediction(row), ((Number) row.get("eta")).doubleValue());
                int last = chain.steps() - 1;
                golden.check(row, column, table, last, table.sigma().at(last), clip, epsilonFollowsX0);
                checked++;
            }
        }
        assertEquals(12, endsOnNoise);
        assertEquals(108 * 4 - 12, checked);
        assertEquals(228, epsilonKept);
    }

    @ParameterizedTest
    @EnumSource
    void everyPredictionLeadsToTheSamePreviousImage(Prediction prediction) {
        double x0 = 0.3;
        double epsilon = -0.7;
        for (int t : new int[] {0, 1, 500, 999}) {
            double signal = Math.sqrt(HO.alphasCumprod().at(t));
            double noise = Math.sqrt(1 - HO.alphasCumprod().at(t));
            double x = signal * x0 + noise * epsilon;
            double mean =
                    HO.posteriorMeanCoef1().at(t) * x0 + HO.posteriorMeanCoef2().at(t) * x;
            double output = switch (prediction) {
                case EPSILON -> epsilon;
                case X0 -> x0;
                case V -> signal * epsilon - noise * x0;
                case MEAN -> mean;
            };
            var table = ReverseTable.ancestral(HO, prediction, Variance.FIXED_SMALL);
            double predicted = table.x0FromX().at(t) * x - table.x0FromOutput().at(t) * output;
            assertEquals(x0, predicted, 1e-9);
            assertEquals(
                    mean,
                    table.unclippedFromX().at(t) * x
                            - table.unclippedFromOutput().at(t) * output,
                    1e-12);
        }
    }

    @Test
    void theUnclippedEpsilonStepIsEquation11() {
        var table = ReverseTable.ancestral(HO, Prediction.EPSILON, Variance.FIXED_LARGE);
        for (int t = 0; t < 1000; t++) {
            double alpha = HO.alphas().at(t);
            double epsilonScale =
                    HO.betas().at(t) / Math.sqrt(1 - HO.alphasCumprod().at(t)) / Math.sqrt(alpha);
            assertEquals(1 / Math.sqrt(alpha), table.unclippedFromX().at(t), 1e-12);
            assertEquals(epsilonScale, table.unclippedFromOutput().at(t), 1e-12 * epsilonScale);
        }
    }

    @Test
    void theLastStepAddsNoNoise() {
        for (var prediction : Prediction.values()) {
            for (var variance : Variance.values()) {
                var sigma = ReverseTable.ancestral(HO, prediction, variance).sigma();
                assertEquals(0, sigma.at(0));
                assertEquals(Math.sqrt(HO.variance(variance).at(1)), sigma.at(1));
            }
            assertEquals(0, ReverseTable.ddim(HO, prediction, 1).sigma().at(0));
        }
    }

    @Test
    void ddimWithEtaOneIsAncestralWithTheSmallVariance() {
        for (var chain : new Diffusion[] {HO, COSINE, HO.respaced(Timesteps.even(1000, 7))}) {
            var ddim = ReverseTable.ddim(chain, Prediction.EPSILON, 1);
            var ancestral = ReverseTable.ancestral(chain, Prediction.EPSILON, Variance.FIXED_SMALL);
            for (int t = 0; t < chain.steps(); t++) {
                assertEquals(ancestral.sigma().at(t), ddim.sigma().at(t), 1e-15);
                assertEquals(ancestral.meanFromX0().at(t), ddim.meanFromX0().at(t), 1e-7);
                assertEquals(ancestral.meanFromX().at(t), ddim.meanFromX().at(t), 1e-7);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1.0000001, Double.NaN, Double.POSITIVE_INFINITY})
    void anEtaOutsideZeroToOneIsRefusedByValue(double eta) {
        var refusal =
                assertThrows(IllegalArgumentException.class, () -> ReverseTable.ddim(HO, Prediction.EPSILON, eta));
        assertTrue(refusal.getMessage().endsWith("not " + eta), refusal.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void allCoefficientsAreFiniteForChainsOfEveryLength(Prediction prediction) {
        for (int count : new int[] {1, 2, 10, 999, 1000}) {
            for (var full : new Diffusion[] {HO, COSINE, new Diffusion(BetaSchedule.jsd(1000))}) {
                var chain = full.respaced(Timesteps.even(1000, count));
                for (var table : new ReverseTable[] {
                    ReverseTable.ancestral(chain, prediction, Variance.FIXED_LARGE),
                    ReverseTable.ddim(chain, prediction, 0),
                    ReverseTable.ddim(chain, prediction, 1)
                }) {
                    for (int t = 0; t < count; t++) {
                        double sum = table.x0FromX().at(t)
                                + table.x0FromOutput().at(t)
                                + table.meanFromX0().at(t)
                                + table.meanFromX().at(t)
                                + table.sigma().at(t);
                        assertTrue(Double.isFinite(sum), prediction + " at " + t + " of " + chain.schedule());
                    }
                }
            }
        }
    }

    private static Diffusion diffusion(Map<String, Object> row) {
        return row.get("beta_schedule").equals("linear") ? HO : COSINE;
    }

    private static Prediction prediction(Map<String, Object> row) {
        return switch ((String) row.get("prediction_type")) {
            case "epsilon" -> Prediction.EPSILON;
            case "sample" -> Prediction.X0;
            case "v_prediction" -> Prediction.V;
            default -> throw new AssertionError(row);
        };
    }

    /** The chain whose last step leads from t to prevT, or from t to the image if prevT is negative. */
    private static Timesteps pair(int t, int prevT) {
        return prevT < 0 ? Timesteps.of(1000, t) : Timesteps.of(1000, t, prevT);
    }
}
