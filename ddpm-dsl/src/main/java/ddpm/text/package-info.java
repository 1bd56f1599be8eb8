/**
 * Text for messages, quoted where it comes out of files; and JSON read field by field.
 *
 * @since 0.1.0
 */
package ddpm.text;
