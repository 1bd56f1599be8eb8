package ddpm.train;

/** The learning rate by step, counted from 0. */
public sealed interface LearningRate {
    double at(long step);

    /** One rate at every step. */
    record Constant(double rate) implements LearningRate {
        public Constant {
            check(rate);
        }

        @Override
        public double at(long step) {
            return rate;
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
    }

    /** Rises linearly over {@code warmup} steps, then falls along half a cosine to 0 at {@code total}. */
    record Cosine(double rate, long warmup, long total) implements LearningRate {
        public Cosine {
            check(rate);
            if (warmup < 0 || total <= warmup) {
                throw new IllegalArgumentException("a cosine over " + total + " steps after a warm-up of " + warmup
                        + ": the total must be larger");
            }
        }

        @Override
        public double at(long step) {
            if (step < warmup) {
                return rate * (step + 1) / warmup;
            }
            double progress = Math.min((double) (step - warmup) / (total - warmup), 1);
            return rate * 0.5 * (1 + Math.cos(Math.PI * progress));
        }
    }

    private static void check(double rate) {
        if (!(rate > 0) || !Double.isFinite(rate)) {
            throw new IllegalArgumentException("a learning rate is positive and finite, not " + rate);
        }
    }
}
