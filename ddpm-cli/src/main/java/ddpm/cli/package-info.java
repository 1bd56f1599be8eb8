/**
 * The command line: parses, wires and prints. No mathematics lives here, and nothing below knows that it exists.
 *
 * @since 0.1.0
 */
package ddpm.cli;
