/** Models on the command line: by path or by hub id, and the cache of the latter. Knows no other command. */
package ddpm.cli.hub;
