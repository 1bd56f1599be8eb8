package ddpm.tests.bench;

import ddpm.diffusion.BetaSchedule;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.torch.Device;
import ddpm.train.Adam;
import ddpm.train.Optimizer;
import ddpm.train.TrainConfig;
import ddpm.train.Trainer;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * How long a training step takes with so many ranks, computed from what one process was measured to need, the bytes of the
 * gradient and the link: how far it pays to add machines. A ring moves 2 (n-1)/n of the bytes through each rank's link, in
 * 2 (n-1) messages a bucket. With overlap a bucket travels while the backward pass, two thirds of a step, makes the next
 * ones; what is left when the pass ends, the last bucket at least, is waited for. Each rank is a machine like this one.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=RanksArithmetic [-Dbench.rounds=7]}</pre>
 */
public final class RanksArithmetic {
    private static final int[] RANKS = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024};
    private static final double[] GIGABITS = {10, 100, 400};
    private static final double BACKWARD = 2.0 / 3;
    private static final int BATCH = 1024;

    /** Of a message over TCP on one switch; assumed, not measured. */
    private static final double LATENCY = 30e-6;

    /** About what a GPU is to a processor. */
    private static final double FASTER = 100;

    /** As many as the trainer cuts, see {@code GradientSum}; here all are as large, while its last is smaller. */
    private static final int MOST_BUCKETS = 4;

    private static final double LEAST_BYTES = 1 << 20;
    private static final double LEAST_MESSAGE = 1 << 17;

    /** It pays to double the ranks as long as a step becomes so many times shorter, of the 2 that there might be. */
    private static final double WORTH = 1.5;

    /**
     * What is known of a model and its machines.
     *
     * @param perImage seconds of forward and backward of an image in one process
     * @param update seconds of clipping, Adam and EMA, which every rank computes whole
     * @param bytes of the gradient
     * @param batch images in all
     * @param latency seconds of a message
     */
    record Job(double perImage, double update, double bytes, int batch, double latency) {
        Job faster(double factor) {
            return new Job(perImage / factor, update / factor, bytes, batch, latency);
        }

        /** Seconds of a step: whole images, the fullest rank's. */
        double step(int ranks, double gigabits, boolean overlap) {
            double compute = perImage * Math.ceilDiv(batch, ranks);
            if (ranks == 1) {
                return compute + update;
            }
            double buckets = overlap ? buckets(ranks) : 1;
            double bucket =
                    2.0 * (ranks - 1) / ranks * bytes / buckets * 8 / (gigabits * 1e9) + 2.0 * (ranks - 1) * latency;
            if (!overlap) {
                return compute + bucket + update;
            }
            // The first bucket is whole after its share of the backward pass, the last when the pass ends.
            double done = 0;
            for (int i = 1; i <= buckets; i++) {
                done = Math.max(done, compute * (1 - BACKWARD + BACKWARD * i / buckets)) + bucket;
            }
            return done + update;
        }

        private double buckets(int ranks) {
            double least = Math.max(Math.max(LEAST_BYTES, LEAST_MESSAGE * ranks), bytes / MOST_BUCKETS);
            return Math.max(1, Math.floor(bytes / least));
        }

        /** The most ranks, of powers of two, to which it pays to double them. */
        int pays(double gigabits, boolean overlap) {
            for (int i = 0; i + 1 < RANKS.length; i++) {
                boolean possible = RANKS[i + 1] <= batch;
                if (!possible || step(RANKS[i], gigabits, overlap) < WORTH * step(RANKS[i + 1], gigabits, overlap)) {
                    return RANKS[i];
                }
            }
            return RANKS[RANKS.length - 1];
        }
    }

    private RanksArithmetic() {}

    /** @param args the number of rounds, 7 if left out */
    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 7;
        for (var contest : new Contest[] {Contest.uNetMini(32), Contest.cifar10(8)}) {
            var job = measure(contest, rounds);
            print(contest.name(), job);
            print(contest.name() + ", were each rank " + (int) FASTER + " times as fast", job.faster(FASTER));
        }
    }

    private static Job measure(Contest contest, int rounds) {
        var card = ModelCard.of(contest.config(), BetaSchedule.ho2020(), 32, 32);
        var config = TrainConfig.notebook(1, 1_000_000).withBatch(contest.batch());
        try (var model = new Model(card, Device.CPU);
                var trainer = new Trainer(model, new Patterns(), config);
                var other = new Model(card, Device.CPU);
                var adam = new Adam(other.params().trainable(), Optimizer.adamW())) {
            trainer.initialise();
            double update = median(rounds, () -> {
                other.params().clipGradient(1);
                adam.step(2e-4);
            });
            double step = median(rounds, trainer::train);
            return new Job(
                    (step - update) / contest.batch(),
                    update,
                    4.0 * model.params().count(),
                    BATCH,
                    LATENCY);
        }
    }

    private static double median(int rounds, Runnable work) {
        work.run(); // warm-up
        var seconds = IntStream.range(0, rounds)
                .mapToDouble(_ -> {
                    long before = System.nanoTime();
                    work.run();
                    return (System.nanoTime() - before) / 1e9;
                })
                .toArray();
        Arrays.sort(seconds);
        return seconds[rounds / 2];
    }

    private static void print(String name, Job job) {
        System.out.printf(
                Locale.ROOT,
                "%n%s, batch %d: %.4g ms an image and %.3g ms an update, %.1f MB of gradient, %.0f us a message%n%n",
                name,
                job.batch(),
                1000 * job.perImage(),
                1000 * job.update(),
                job.bytes() / 1e6,
                1e6 * job.latency());
        System.out.print("| ranks |");
        for (double gigabits : GIGABITS) {
            System.out.printf(Locale.ROOT, " %.0f Gbit/s | overlapped |", gigabits);
        }
        System.out.println();
        System.out.println("|---|" + "---|---|".repeat(GIGABITS.length));
        for (int ranks : RANKS) {
            if (ranks <= job.batch()) {
                row(job, ranks);
            }
        }
        System.out.print("| pays up to |");
        for (double gigabits : GIGABITS) {
            System.out.printf(" %d | %d |", job.pays(gigabits, false), job.pays(gigabits, true));
        }
        System.out.println();
    }

    private static void row(Job job, int ranks) {
        System.out.printf("| %d |", ranks);
        for (double gigabits : GIGABITS) {
            for (boolean overlap : new boolean[] {false, true}) {
                double seconds = job.step(ranks, gigabits, overlap);
                System.out.printf(Locale.ROOT, " %.3f s (%.0fx) |", seconds, job.step(1, gigabits, false) / seconds);
            }
        }
        System.out.println();
    }
}
