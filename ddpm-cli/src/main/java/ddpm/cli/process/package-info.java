/**
 * The process around a command: signals, the process that started it, and the memory it may take. Knows no command.
 *
 * @since 0.1.0
 */
package ddpm.cli.process;
