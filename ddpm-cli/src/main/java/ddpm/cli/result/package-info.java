/**
 * Where the results of commands go and how they are told: destinations on the disk, reports of what was measured, the progress of
 * training. Nothing is computed here, and no option is declared.
 *
 * @since 0.1.0
 */
package ddpm.cli.result;
