package ddpm.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@EnabledOnOs(
        value = OS.LINUX,
        disabledReason = "only glibc has on_exit, with which the process ends without destructors")
class ProcessEndTest {
    /** What {@code sleep} is given too, in seconds. */
    private static final int STATUS = 2;

    /** SIGTERM, and System.exit: each comes while a convolution of half a second is computed. */
    @ParameterizedTest
    @ValueSource(strings = {"exit", "signal"})
    void aProcessEndsWhileAThreadComputes(String how) throws Exception {
        var child = ChildJvm.start(List.of("-XX:-CreateCoredumpOnCrash"), EndsWhileComputing.class.getName(), how);
        var output = child.process().inputReader();
        assertEquals("computing", output.readLine());
        if (how.equals("signal")) {
            child.process().toHandle().destroy();
        }
        var rest = output.lines().toList();
        assertTrue(child.process().waitFor(60, TimeUnit.SECONDS), "it ends");
        assertEquals(how.equals("signal") ? 128 + 15 : STATUS, child.process().exitValue(), String.join("\n", rest));
    }

    /** What C has printed but not written yet is not lost. */
    @Test
    void cStreamsAreWrittenAtTheEnd() throws Exception {
        var output = ChildJvm.start(List.of(), PrintsInC.class.getName()).outputOfSuccess();
        assertEquals("by C", output.strip());
    }

    /** Computes on one thread while another ends the process, which dwells where destructors have run if they do. */
    static final class EndsWhileComputing {
        public static void main(String[] arguments) throws Throwable {
            var linker = Linker.nativeLinker();
            var functions = linker.defaultLookup();
            var onExit = linker.downcallHandle(
                    functions.findOrThrow("on_exit"), FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
            // Handlers run in reverse: this one, registered before libtorch is loaded, comes after its destructors.
            int _ = (int) onExit.invokeExact(functions.findOrThrow("sleep"), MemorySegment.NULL);
            var computing = new CountDownLatch(1);
            Thread.ofPlatform().daemon().start(() -> compute(computing));
            computing.await();
            System.out.println("computing");
            Thread.sleep(arguments[0].equals("signal") ? 60_000 : 100);
            System.exit(STATUS);
        }

        private static void compute(CountDownLatch computing) {
            LibTorch.load().setThreads(1);
            try (var _ = TensorScope.open()) {
                var images = Shape.of(8, 128, 128, 128);
                var x = Tensor.full(images, 0.5, DType.FLOAT32, Device.CPU);
                var weight = Tensor.full(Shape.of(128, 128, 3, 3), 0.1, DType.FLOAT32, Device.CPU);
                while (true) {
                    try (var _ = TensorScope.open()) {
                        Ops.conv2d(x, weight, null, 1, 1);
                    }
                    computing.countDown();
                }
            }
        }
    }

    /** Prints into C's standard output, which is not a terminal and so keeps the text until the end. */
    static final class PrintsInC {
        public static void main(String[] arguments) throws Throwable {
            LibTorch.load();
            var linker = Linker.nativeLinker();
            var puts = linker.downcallHandle(
                    linker.defaultLookup().findOrThrow("puts"), FunctionDescriptor.of(JAVA_INT, ADDRESS));
            try (var arena = Arena.ofConfined()) {
                int _ = (int) puts.invokeExact(arena.allocateFrom("by C"));
            }
        }
    }
}
