/** The process around a command: signals, the process that started it, and the memory it may take. Knows no command. */
package ddpm.cli.process;
