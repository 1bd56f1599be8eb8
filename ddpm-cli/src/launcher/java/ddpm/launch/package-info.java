/**
 * The first classes that {@code java -jar ddpm-cli.jar} starts. Compiled for Java 8 and free of everything else in the jar, so that
 * an old {@code java} can hand over to a new one, or say what to install.
 */
package ddpm.launch;
