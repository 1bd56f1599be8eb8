/**
 * How a command speaks: notes and progress on standard error, tables and JSON on standard output. Knows no command.
 *
 * @since 0.1.0
 */
package ddpm.cli.console;
