/**
 * Training: the loop, Adam and AdamW, EMA, learning rates, checkpoints of a run and its resumption.
 *
 * <p>Every random draw is addressed by (seed, step), so a resumed run is the same run. What a run is made of is plain
 * records; what it leaves behind is files that are whole or absent.
 *
 * @since 0.1.0
 */
package ddpm.train;
