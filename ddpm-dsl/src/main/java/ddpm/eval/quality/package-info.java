/**
 * Sample quality as the paper measures it: the Frechet distance, the Inception score, the kernel distance, precision and recall,
 * and how near images are to those that a model was trained on.
 *
 * <p>All measures take features, whosever they are: a {@link ddpm.eval.quality.FeatureNetwork} computes them, such as those of
 * {@code ddpm.eval.inception} and {@code ddpm.eval.digits}, of which nothing is known here.
 *
 * @since 0.1.0
 */
package ddpm.eval.quality;
