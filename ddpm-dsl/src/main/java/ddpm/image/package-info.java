/**
 * Pictures out: pixels from tensors of [-1, 1], grids, PNG and GIF files. Pictures in are {@code ddpm.data}'s.
 *
 * @since 0.1.0
 */
package ddpm.image;
