/**
 * Image files taken apart: where their pixels and their metadata lie, whether they are whole, how the picture is turned.
 *
 * <p>Only bytes are looked at here; what decodes them is {@code ddpm.data}'s. Every length in a file is compared with the
 * file before it is used.
 *
 * @since 0.1.0
 */
package ddpm.data.format;
