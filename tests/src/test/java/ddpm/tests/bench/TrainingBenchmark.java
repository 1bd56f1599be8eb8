package ddpm.tests.bench;

import ddpm.diffusion.BetaSchedule;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.train.TrainConfig;
import ddpm.train.Trainer;
import java.util.Arrays;
import java.util.Locale;

/**
 * How long one training step of the notebook's network takes, drawing of examples, Adam, clipping and EMA included.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=TrainingBenchmark [-Dbench.rounds=7]}</pre>
 */
public final class TrainingBenchmark {
    private static final int STEPS = 3;

    private TrainingBenchmark() {}

    /** @param args the number of rounds, 7 if left out */
    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 7;
        for (int batch : new int[] {32, 128}) {
            time(batch, rounds);
        }
    }

    private static void time(int batch, int rounds) {
        var types = new DType[] {DType.FLOAT32, DType.BFLOAT16};
        var times = new double[types.length][rounds];
        var trainers = new Trainer[types.length];
        var card = ModelCard.of(UNetMini.Config.ofChannels(3), BetaSchedule.ho2020(), 32, 32);
        for (int i = 0; i < types.length; i++) {
            var config = TrainConfig.notebook(1, 1_000_000).withBatch(batch).withPrecision(types[i]);
            trainers[i] = new Trainer(new Model(card, Device.CPU), new Patterns(), config);
            trainers[i].initialise();
            trainers[i].train(); // warm-up
        }
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < types.length; i++) { // in turn, so that a slower minute slows both
                long start = System.nanoTime();
                for (int step = 0; step < STEPS; step++) {
                    trainers[i].train();
                }
                times[i][round] = (System.nanoTime() - start) / 1e6 / STEPS;
            }
        }
        for (int i = 0; i < types.length; i++) {
            Arrays.sort(times[i]);
            double median = times[i][rounds / 2];
            System.out.printf(
                    Locale.ROOT,
                    "UNetMini, batch %d, %s: %.1f ms per training step (median of %d), %.1f images/s%n",
                    batch,
                    types[i],
                    median,
                    rounds,
                    batch * 1000 / median);
        }
    }
}
