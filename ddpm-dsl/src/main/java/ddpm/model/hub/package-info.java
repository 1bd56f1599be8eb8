/**
 * Models of a hub: found by id, fetched, verified, and kept in the cache that Python's {@code huggingface_hub} uses.
 *
 * <p>Only what a UNet needs is fetched. What the files mean is {@code ddpm.model}'s; how bytes travel is {@code
 * ddpm.http}'s.
 *
 * @since 0.1.0
 */
package ddpm.model.hub;
