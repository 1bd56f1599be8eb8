/**
 * A small classifier of handwritten digits whose features measure images of them where Inception's weights are not at hand: the
 * network, its training and what it reads.
 *
 * <p>Its weights are inside this library. Measures are in {@code ddpm.eval.quality}.
 *
 * @since 0.1.0
 */
package ddpm.eval.digits;
