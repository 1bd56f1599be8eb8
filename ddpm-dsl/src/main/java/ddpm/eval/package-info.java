/**
 * Measures of a model: how well it predicts noise, on which part of the chain.
 *
 * <p>Every image is counted exactly once, and every draw has a fixed address, so two models are judged on the same noise.
 * Nothing here knows of training.
 *
 * @since 0.1.0
 */
package ddpm.eval;
