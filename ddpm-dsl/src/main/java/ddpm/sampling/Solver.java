package ddpm.sampling;

import ddpm.diffusion.Variance;
import ddpm.torch.Tensor;

/**
 * A method that takes x_t to x_{t-1}, and so solves the reverse process.
 *
 * <p>The three here are linear in x_t and the model's output, see {@link ReverseTable}. A solver of your own asks the model
 * through the {@link Chain} it is given, as often as it likes; one that never reads a value back to Java may also be
 * recorded as a CUDA graph:
 *
 * <pre>{@code
 * Solver ddim = chain -> {                               // DDIM at eta 0, written down
 *     var all = chain.diffusion();
 *     var signal = chain.table(all.sqrtAlphasCumprod());
 *     var noise = chain.table(all.sqrtOneMinusAlphasCumprod());
 *     var signalPrev = chain.table(Table.of(all.steps(), i -> Math.sqrt(all.alphasCumprodPrev().at(i))));
 *     var noisePrev = chain.table(Table.of(all.steps(), i -> Math.sqrt(1 - all.alphasCumprodPrev().at(i))));
 *     return (xt, i, z) -> {
 *         Tensor x0 = chain.x0(xt, chain.output(xt, i), i);
 *         Tensor epsilon = xt.sub(signal.at(i).mul(x0)).div(noise.at(i));
 *         return signalPrev.at(i).mul(x0).add(noisePrev.at(i).mul(epsilon));
 *     };
 * };
 * }</pre>
 */
@FunctionalInterface
public interface Solver {
    /** Prepares the method for a chain; tensors made here belong to the current scope, which stays open for the whole walk. */
    Step on(Chain chain);

    /** Whether a step uses what the step before it found, so that a walk with this solver never goes back up. */
    default boolean looksBack() {
        return false;
    }

    /** One step of a solver on its chain. */
    @FunctionalInterface
    interface Step {
        /**
         * Computes x_{t-1}.
         *
         * @param xt {@code [B, C, H, W]} float32
         * @param index of the step in the chain, int64 {@code [1]}, on xt's device
         * @param z standard normal like xt; zeros in steps that do not {@linkplain #addsNoise add noise}
         * @return like xt, in the current scope
         */
        Tensor apply(Tensor xt, Tensor index, Tensor z);

        /** Whether the step at this index uses z, which is drawn only then. */
        default boolean addsNoise(int index) {
            return index > 0;
        }
    }

    /**
     * Ancestral sampling (Ho et al. 2020, algorithm 2), through the posterior of eq. 7.
     *
     * @param variance sigma_t^2 of the noise added in each step but the last
     */
    record Ancestral(Variance variance) implements Solver {
        @Override
        public Step on(Chain chain) {
            return new ReverseStep(ReverseTable.ancestral(chain.diffusion(), chain.prediction(), variance), chain);
        }
    }

    /**
     * DDIM (Song et al. 2021, eq. 12).
     *
     * @param eta from 0, deterministic given x_T, to 1, with as much noise as ancestral sampling
     */
    record Ddim(double eta) implements Solver {
        /** Checks eta. */
        public Ddim {
            if (!(eta >= 0 && eta <= 1)) {
                throw new IllegalArgumentException(
                        "DDIM's eta is 0 (deterministic) to 1 (as much noise as ancestral sampling), not " + eta);
            }
        }

        @Override
        public Step on(Chain chain) {
            return new ReverseStep(ReverseTable.ddim(chain.diffusion(), chain.prediction(), eta), chain);
        }
    }

    /** DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): of second order, deterministic given x_T, for 15 to 50 steps. */
    record DpmSolver() implements Solver {
        @Override
        public boolean looksBack() {
            return true;
        }

        @Override
        public Step on(Chain chain) {
            return new ReverseStep(ReverseTable.dpmSolver(chain.diffusion(), chain.prediction()), chain);
        }
    }
}
