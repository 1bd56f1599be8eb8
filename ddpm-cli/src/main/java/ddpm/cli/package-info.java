/**
 * The command line: parses, wires and prints. No mathematics lives here, and nothing below knows that it exists.
 */
package ddpm.cli;
