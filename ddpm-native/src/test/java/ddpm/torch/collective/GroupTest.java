package ddpm.torch.collective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
import java.util.function.IntFunction;
import java.util.stream.Collectors;
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

    /** It holds the store, which then takes every question and answers none. */
    @Test
    void aStoppedHolderOfTheStoreIsNamed() throws Exception {
        var processes = start(2, freePort(), List.of("stops", "0"), _ -> List.of());
        try {
            requireLost(output(processes.get(1), 1, 1), 1, 0, 2);
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    /** Two hosts that are namespaces of this one, over a slow and lossy link that goes down in the middle. */
    @Test
    void aLinkThatGoesDownEndsBothInOneLine() throws Exception {
        assumeTrue(
                new ProcessBuilder("sh", "-c", "ip netns add ddpm-test-probe && ip netns del ddpm-test-probe")
                                .redirectErrorStream(true)
                                .start()
                                .waitFor()
                        == 0,
                "network namespaces need Linux, iproute2 and root: not tried");
        long number = ProcessHandle.current().pid();
        var names = List.of("ddpm-a" + number, "ddpm-b" + number);
        try {
            for (int i = 0; i < 2; i++) {
                sh("ip netns add " + names.get(i));
                sh("ip -n " + names.get(i) + " link set lo up");
            }
            sh("ip link add veth0 netns " + names.get(0) + " type veth peer name veth0 netns " + names.get(1));
            for (int i = 0; i < 2; i++) {
                sh("ip -n " + names.get(i) + " addr add 10.99.7." + (i + 1) + "/24 dev veth0");
                sh("ip -n " + names.get(i) + " link set veth0 up");
            }
            if (!sh("ip netns exec " + names.get(0)
                            + " tc qdisc add dev veth0 root netem delay 3ms loss 1% 2>&1 || echo none")
                    .isEmpty()) {
                System.out.println("This kernel has no netem: the link is tried without delay and loss.");
            }
            var processes =
                    start(2, 29_500, List.of("waits", "0"), rank -> List.of("ip", "netns", "exec", names.get(rank)));
            try {
                for (var process : processes) {
                    assertTrue(process.inputReader().readLine().startsWith("[3.0, 20.0]"));
                }
                sh("ip -n " + names.get(0) + " link set veth0 down");
                for (int rank = 0; rank < 2; rank++) {
                    var line = output(processes.get(rank), rank, 1);
                    assertEquals(1, line.lines().count(), line);
                    assertTrue(line.contains("rank " + (1 - rank) + " on ") && line.contains(" is lost ("), line);
                }
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
        } finally {
            for (var name : names) {
                sh("ip netns del " + name + " || true");
            }
        }
    }

    private static String sh(String command) throws Exception {
        var shell = new ProcessBuilder("sh", "-c", command)
                .redirectErrorStream(true)
                .start();
        var said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, shell.waitFor(), command + ": " + said);
        return said;
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
        var processes = start(size, freePort(), args, _ -> List.of());
        try {
            var outputs = new ArrayList<String>();
            for (int rank = 0; rank < size; rank++) {
                outputs.add(output(processes.get(rank), rank, statuses[rank]));
            }
            return outputs;
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
    }

    /** The rest of what a rank prints until it ends. */
    private static String output(Process process, int rank, int status) throws Exception {
        assertTrue(process.waitFor(120, TimeUnit.SECONDS), "rank " + rank + " does not end");
        var output = process.inputReader().lines().collect(Collectors.joining("\n"));
        assertEquals(status, process.exitValue(), "rank " + rank + ": " + output);
        return output;
    }

    /** @param before the words that each rank's command begins with */
    private static List<Process> start(int size, int port, List<String> args, IntFunction<List<String>> before)
            throws IOException {
        var processes = new ArrayList<Process>();
        for (int rank = 0; rank < size; rank++) {
            var command = new ArrayList<>(before.apply(rank));
            boolean apart = !command.isEmpty();
            command.addAll(List.of(
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
            process.environment().put("LOCAL_RANK", Integer.toString(apart ? 0 : rank));
            process.environment().put("LOCAL_WORLD_SIZE", Integer.toString(apart ? 1 : size));
            process.environment().put("MASTER_ADDR", apart ? "10.99.7.1" : "127.0.0.1");
            process.environment().put("MASTER_PORT", Integer.toString(port));
            processes.add(process.start());
        }
        return processes;
    }
}
