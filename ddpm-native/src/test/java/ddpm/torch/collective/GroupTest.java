package ddpm.torch.collective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Device;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Groups of processes on this host, each a JVM of its own. */
class GroupTest {
    @Test
    void sumsBroadcastsAndWordsReachEveryRank() throws Exception {
        for (var output : outputs(3, List.of(), 0, 0, 0)) {
            assertEquals("[6.0, 30.0] [-0.0] [, word, wordword] 1.5", output.strip(), "and nothing of c10d's");
        }
    }

    @Test
    void theOthersNameARankThatHalts() throws Exception {
        var outputs = outputs(3, List.of("halts", "1"), 1, 9, 1);
        for (int rank : new int[] {0, 2}) {
            requireLost(outputs.get(rank), rank, 1, 3);
        }
    }

    @Test
    void theHolderOfTheStoreIsNamedToo() throws Exception {
        requireLost(outputs(2, List.of("halts", "0"), 9, 1).get(1), 1, 0, 2);
    }

    @Test
    void aRankThatHangsIsNotCalledLost() throws Exception {
        var line = outputs(2, List.of("hangs", "1"), 1, 9)
                .getFirst()
                .lines()
                .toList()
                .getLast();
        assertTrue(line.contains("no rank is lost, but one does not answer in time (--timeout)"), line);
    }

    private static void requireLost(String output, int rank, int lost, int size) {
        var line = output.lines().toList().getLast();
        assertTrue(line.startsWith("rank " + rank + " on ") && line.contains(": rank " + lost + " on "), line);
        assertTrue(line.contains(" is lost (") && line.contains("summing [1] over " + size + " ranks"), line);
        assertEquals(2, output.lines().count(), output);
        assertTrue(!line.contains("frame #") && line.split(" is lost").length == 2, line);
    }

    @Test
    void aRankThatNeverComesIsNamed() throws IOException {
        var ranks = new Ranks(0, 2, 0, 2, "127.0.0.1", freePort(), Launcher.TORCHRUN);
        var options = new GroupOptions(Duration.ofMillis(300), Duration.ofSeconds(5), Optional.empty(), Device.CPU);
        var message = assertThrows(TorchException.class, () -> Group.join(ranks, options))
                .getMessage();
        assertTrue(message.contains("for rank 1 in vain"), message);
    }

    @Test
    void aStoreThatIsNotThereIsNamedWithItsAddress() throws IOException {
        int port = freePort();
        var ranks = new Ranks(1, 2, 1, 2, "127.0.0.1", port, Launcher.TORCHRUN);
        var options = new GroupOptions(Duration.ofMillis(500), Duration.ofSeconds(5), Optional.empty(), Device.CPU);
        var message = assertThrows(TorchException.class, () -> Group.join(ranks, options))
                .getMessage();
        assertTrue(message.contains("does not reach rank 0 at 127.0.0.1:" + port), message);
        assertTrue(!message.contains("\n") && !message.contains("frame #"), message);
    }

    @Test
    void aGroupOfOneDoesNothing() {
        var alone = Group.join(Ranks.ALONE, GroupOptions.USUAL);
        assertTrue(alone.leads());
        assertEquals(3, alone.sum(3));
        assertArrayEquals(new byte[] {1}, alone.gather(new byte[] {1}).getFirst());
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    /** What each rank prints; they must end with these statuses. */
    private static List<String> outputs(int size, List<String> args, int... statuses) throws Exception {
        int port = freePort();
        var processes = new ArrayList<Process>();
        try {
            for (int rank = 0; rank < size; rank++) {
                var command = new ArrayList<>(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        GroupMember.class.getName()));
                command.addAll(args);
                var process = new ProcessBuilder(command).redirectErrorStream(true);
                process.environment().put("RANK", Integer.toString(rank));
                process.environment().put("WORLD_SIZE", Integer.toString(size));
                process.environment().put("LOCAL_RANK", Integer.toString(rank));
                process.environment().put("LOCAL_WORLD_SIZE", Integer.toString(size));
                process.environment().put("MASTER_ADDR", "127.0.0.1");
                process.environment().put("MASTER_PORT", Integer.toString(port));
                processes.add(process.start());
            }
            var outputs = new ArrayList<String>();
            for (int rank = 0; rank < size; rank++) {
                var process = processes.get(rank);
                assertTrue(process.waitFor(60, TimeUnit.SECONDS), "rank " + rank + " does not end");
                var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertEquals(statuses[rank], process.exitValue(), "rank " + rank + ": " + output);
                outputs.add(output);
            }
            return outputs;
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }
}
