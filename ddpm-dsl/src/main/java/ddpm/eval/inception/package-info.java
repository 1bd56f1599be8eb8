/**
 * The Inception network that FID and the Inception score are defined by, and the ways in which images become its input.
 *
 * <p>Weights are read from the file that the field uses, and never shipped. Measures are in {@code ddpm.eval.quality}.
 *
 * @since 0.1.0
 */
package ddpm.eval.inception;
