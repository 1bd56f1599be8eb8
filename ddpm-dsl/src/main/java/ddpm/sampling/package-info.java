/**
 * Drawing images: solvers of the reverse process, the loop over its steps, CUDA graphs of it, interpolation and inversion.
 *
 * <p>A model is any {@link ddpm.diffusion.Denoiser}; the mathematics of schedules and predictions is {@code
 * ddpm.diffusion}'s.
 *
 * @since 0.1.0
 */
package ddpm.sampling;
