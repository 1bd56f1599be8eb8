/**
 * Models on the command line: by path or by hub id, and the cache of the latter. Knows no other command.
 *
 * @since 0.1.0
 */
package ddpm.cli.hub;
