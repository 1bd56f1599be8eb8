/**
 * The mathematics of Ho et al. 2020: noise schedules, the forward process q, the reverse process p, addressed noise.
 *
 * <p>A model is any function (x_t, t) to output; no network class is known here. Tables are float64 and come from betas
 * alone; symbols keep the paper's names (betas, alphasCumprod, epsilon, x0, xt).
 *
 * @since 0.1.0
 */
package ddpm.diffusion;
