package ddpm.launch;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.List;
import java.util.Map;

/**
 * A process in this one's place: it has this one's terminal and streams, this one waits for it whatever signal arrives,
 * and its exit status becomes this one's.
 */
final class Child {
    private static final int BY_INTERRUPT = 130;
    private static final int BY_TERM = 143;

    private Process process;

    /** The status of a signal that came before there was a process to pass it to; else 0. */
    private int endedBefore;

    private Child() {}

    /**
     * @param environment variables that differ from this process's
     * @return the exit status of the command; 128 + n if signal n ended it
     */
    static int run(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
        final Child child = new Child();
        // All handlers first: a signal during the start must not leave the process behind.
        // For what has no handler here, such as a closed terminal.
        Runtime.getRuntime().addShutdownHook(new Thread() {
            @Override
            public void run() {
                child.end();
                child.await();
            }
        });
        onSignal("TERM", new Runnable() {
            @Override
            public void run() {
                child.end();
            }
        });
        onSignal("INT", new Runnable() {
            @Override
            public void run() {
                child.interrupt();
            }
        });
        Process started = child.start(command, environment);
        return started == null ? child.endedBefore : started.waitFor();
    }

    /** Null if a signal came first. Signals that come meanwhile wait until the process is there. */
    private synchronized Process start(List<String> command, Map<String, String> environment) throws IOException {
        if (endedBefore == 0) {
            ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
            builder.environment().putAll(environment);
            process = builder.start();
        }
        return process;
    }

    private synchronized Process started() {
        return process;
    }

    private synchronized void end() {
        if (process == null) {
            endedBefore = BY_TERM;
        } else {
            process.destroy();
        }
    }

    private synchronized void interrupt() {
        if (process == null) {
            endedBefore = BY_INTERRUPT;
        } else if (!isInForeground()) { // a terminal sends Ctrl-C to both; a second one would say "at once" to the
            // child
            interrupt(process);
        }
    }

    private void await() {
        Process running = started();
        if (running != null) {
            try {
                running.waitFor();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** True if this process belongs to those that its terminal sends Ctrl-C to. */
    private static boolean isInForeground() {
        try {
            byte[] stat = Files.readAllBytes(Paths.get("/proc/self/stat"));
            return isInForeground(new String(stat, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            // No /proc: whoever has a terminal at all is taken to be in its foreground.
            return Files.isReadable(Paths.get("/dev/tty")) && System.console() != null;
        }
    }

    /**
     * @param stat the text of {@code /proc/self/stat}, see proc(5): the name in parentheses may hold anything, then come
     *     the state, the parent, the process group, the session, the terminal and the terminal's foreground group
     */
    static boolean isInForeground(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return fields[2].equals(fields[5]);
    }

    /** Java has no interrupt for processes, only destroy, which is SIGTERM. */
    private static void interrupt(Process process) {
        try {
            // Its words are nobody's business: by the time it runs, the process may have ended by itself.
            new ProcessBuilder("kill", "-INT", String.valueOf(pid(process))).start();
        } catch (IOException e) {
            process.destroy();
        } catch (ReflectiveOperationException e) {
            process.destroy();
        }
    }

    private static long pid(Process process) throws ReflectiveOperationException {
        try {
            return (Long) Process.class.getMethod("pid").invoke(process); // Java 9
        } catch (NoSuchMethodException e) {
            Field pid = process.getClass().getDeclaredField("pid");
            pid.setAccessible(true);
            return pid.getLong(process);
        }
    }

    /** Installs a handler through {@code sun.misc.Signal}, which javac hides from code for release 8. */
    private static void onSignal(String name, final Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object proxy = Proxy.newProxyInstance(
                    Launcher.class.getClassLoader(), new Class<?>[] {handler}, new InvocationHandler() {
                        @Override
                        public Object invoke(Object self, Method method, Object[] arguments) {
                            if (method.getName().equals("handle")) {
                                action.run();
                                return null;
                            }
                            return method.getName().equals("hashCode")
                                    ? (Object) System.identityHashCode(self)
                                    : method.getName().equals("equals") ? (Object) (self == arguments[0]) : name(self);
                        }
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), proxy);
        } catch (ReflectiveOperationException e) {
            // Such a JVM (run with -Xrs, say) ends on the signal; the shutdown hook then ends the child.
        }
    }

    private static String name(Object proxy) {
        return "handler@" + System.identityHashCode(proxy);
    }
}
