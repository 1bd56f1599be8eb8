package ddpm.diffusion;

/**
 * The meaning of a model's output. Each is linear in x_t, so that x0 = a_t x_t - b_t output for all of them, and one
 * reverse step serves every kind of model.
 */
public enum Prediction {
    /** The noise epsilon in x_t (Ho et al. 2020, eq. 11 and 15). */
    EPSILON {
        @Override
        public Table x0FromX(Diffusion diffusion) {
            return diffusion.sqrtRecipAlphasCumprod();
        }

        @Override
        public Table x0FromOutput(Diffusion diffusion) {
            return diffusion.sqrtRecipm1AlphasCumprod();
        }
    },

    /** The clean image x_0 itself ("sample" in diffusers). */
    X0 {
        @Override
        public Table x0FromX(Diffusion diffusion) {
            return Table.of(diffusion.steps(), t -> 0);
        }

        @Override
        public Table x0FromOutput(Diffusion diffusion) {
            return Table.of(diffusion.steps(), t -> -1);
        }
    },

    /** v = sqrt(alphasCumprod) epsilon - sqrt(1 - alphasCumprod) x_0 (Salimans and Ho 2022, appendix D). */
    V {
        @Override
        public Table x0FromX(Diffusion diffusion) {
            return diffusion.sqrtAlphasCumprod();
        }

        @Override
        public Table x0FromOutput(Diffusion diffusion) {
            return diffusion.sqrtOneMinusAlphasCumprod();
        }
    },

    /** The posterior mean mu~ of x_{t-1} (Ho et al. 2020, eq. 8; Table 2's "mu~ prediction"). */
    MEAN {
        @Override
        public Table x0FromX(Diffusion diffusion) {
            var c1 = diffusion.posteriorMeanCoef1();
            var c2 = diffusion.posteriorMeanCoef2();
            return Table.of(diffusion.steps(), t -> -c2.at(t) / c1.at(t));
        }

        @Override
        public Table x0FromOutput(Diffusion diffusion) {
            var c1 = diffusion.posteriorMeanCoef1();
            return Table.of(diffusion.steps(), t -> -1 / c1.at(t));
        }
    };

    /** The factors a_t in x0 = a_t x_t - b_t output, by t of this diffusion. */
    public abstract Table x0FromX(Diffusion diffusion);

    /** The factors b_t in x0 = a_t x_t - b_t output, by t of this diffusion. */
    public abstract Table x0FromOutput(Diffusion diffusion);
}
