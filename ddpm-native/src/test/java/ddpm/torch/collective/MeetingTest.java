package ddpm.torch.collective;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.TorchException;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

class MeetingTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static Ranks rank(int rank, int port) {
        return new Ranks(rank, 3, rank, 3, "127.0.0.1", port, Launcher.TORCHRUN);
    }

    @Test
    void allHearRankZerosWordAndEachOthersHosts() throws Exception {
        int port = freePort();
        try (var threads = Executors.newCachedThreadPool()) {
            var two = threads.submit(() -> Meeting.of(rank(2, port), PATIENCE, new byte[0]));
            var zero = threads.submit(() -> Meeting.of(rank(0, port), PATIENCE, new byte[] {4, 5}));
            stranger(port);
            var one = Meeting.of(rank(1, port), PATIENCE, new byte[] {9});
            for (var meeting : new Meeting[] {zero.get(), one, two.get()}) {
                assertArrayEquals(new byte[] {4, 5}, meeting.word());
                assertEquals(3, meeting.hosts().size());
                assertEquals(zero.get().hosts(), meeting.hosts());
            }
        }
    }

    /** Somebody who says something else is sent away. */
    private static void stranger(int port) throws InterruptedException {
        for (int attempt = 0; attempt < 500; attempt++) {
            try (var socket = new Socket("127.0.0.1", port)) {
                socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
                return;
            } catch (IOException notYet) {
                Thread.sleep(10);
            }
        }
        throw new AssertionError("nobody listens");
    }

    @Test
    void whoNeverComesIsNamed() throws Exception {
        var message = assertThrows(
                        TorchException.class,
                        () -> Meeting.of(rank(0, freePort()), Duration.ofMillis(200), new byte[0]))
                .getMessage();
        assertTrue(message.contains("for rank 1, rank 2 in vain"), message);
    }

    @Test
    void aMeetingWithoutRankZeroIsNamedWithItsAddress() throws Exception {
        int port = freePort();
        var message = assertThrows(
                        TorchException.class, () -> Meeting.of(rank(1, port), Duration.ofMillis(200), new byte[0]))
                .getMessage();
        assertTrue(message.contains("does not reach rank 0 at 127.0.0.1:" + port), message);
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
