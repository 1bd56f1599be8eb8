package ddpm.train;

/** The learning rate by step, counted from 0; with the formulas of transformers' and diffusers' {@code get_scheduler}. */
public sealed interface LearningRate {
    double at(long step);

    /** The highest rate. */
    double rate();

    /** The steps over which the rate rises from 0 to its highest; 0 for none. */
    long warmup();

    /** One rate at every step. */
    record Constant(double rate) implements LearningRate {
        public Constant {
            check(rate);
        }

        @Override
        public double at(long step) {
            return rate;
        }

        @Override
        public long warmup() {
            return 0;
        }
    }

    /** Rises linearly from 0 over {@code steps}, then stays: {@code rate * min(step / steps, 1)}, as in the paper's code. */
    record Warmup(double rate, long steps) implements LearningRate {
        public Warmup {
            check(rate);
            if (steps < 1) {
                throw new IllegalArgumentException("warm-up over " + steps + " steps: at least 1");
            }
        }

        @Override
        public double at(long step) {
            return rate * Math.min((double) step / steps, 1);
        }

        @Override
        public long warmup() {
            return steps;
        }
    }

    /** Rises linearly from 0 over {@code warmup} steps, then falls along half a cosine to 0 at {@code total}. */
    record Cosine(double rate, long warmup, long total) implements LearningRate {
        public Cosine {
            check(rate);
            checkFall(warmup, total);
        }

        @Override
        public double at(long step) {
            return step < warmup
                    ? rate * step / warmup
                    : rate * 0.5 * (1 + Math.cos(Math.PI * fallen(step, warmup, total)));
        }
    }

    /** Rises linearly from 0 over {@code warmup} steps, then falls linearly to 0 at {@code total}. */
    record Linear(double rate, long warmup, long total) implements LearningRate {
        public Linear {
            check(rate);
            checkFall(warmup, total);
        }

        @Override
        public double at(long step) {
            return step < warmup ? rate * step / warmup : rate * (1 - fallen(step, warmup, total));
        }
    }

    /** The share of the fall that is behind a step, at most 1. */
    private static double fallen(long step, long warmup, long total) {
        return Math.min((double) (step - warmup) / (total - warmup), 1);
    }

    private static void check(double rate) {
        if (!(rate > 0) || !Double.isFinite(rate)) {
            throw new IllegalArgumentException("a learning rate is positive and finite, not " + rate);
        }
    }

    private static void checkFall(long warmup, long total) {
        if (warmup < 0 || total <= warmup) {
            throw new IllegalArgumentException(
                    "a learning rate that falls to 0 at step " + total + " after a warm-up of " + warmup
                            + " steps: the warm-up is from 0 to below that; shorten it or make more steps");
        }
    }
}
