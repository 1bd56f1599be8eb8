/**
 * Sample quality as the paper measures it: Inception features, the Frechet distance on them, the Inception score, the kernel
 * distance, precision and recall.
 *
 * <p>Measures take features, whosever they are; the network that the field measures with is one source of them. Weights are
 * read from the file that the field uses, and never shipped.
 *
 * @since 0.1.0
 */
package ddpm.eval.inception;
