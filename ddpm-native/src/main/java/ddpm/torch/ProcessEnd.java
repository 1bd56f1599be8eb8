package ddpm.torch;

/**
 * Lets the process end while threads compute. Java stops no thread that is in native code, and {@code exit} runs the
 * destructors of libtorch's statics beside it, oneDNN's stream among them: an operator that takes longer than that crashes
 * the JVM. So they do not run. Where the C library has no way to leave them out (it is not glibc), they do.
 */
final class ProcessEnd {
    /** Set by the {@code java} command; a program in C that has made this JVM exits by its own rules. */
    private static final String JAVA_COMMAND = "sun.java.launcher";

    private ProcessEnd() {}

    /** Arranges it for the end of this process. */
    static void withoutDestructors() {
        if (System.getProperty(JAVA_COMMAND) != null) {
            try {
                // The later it is registered the more it leaves out, and statics are still made while operators run.
                Runtime.getRuntime().addShutdownHook(new Thread(LibC::exitWithoutDestructors, "ddpm-end"));
            } catch (IllegalStateException e) { // the end has begun
                LibC.exitWithoutDestructors();
            }
        }
    }
}
