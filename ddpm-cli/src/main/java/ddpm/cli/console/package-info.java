/** How a command speaks: notes and progress on standard error, tables and JSON on standard output. Knows no command. */
package ddpm.cli.console;
