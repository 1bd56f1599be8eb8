package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import ddpm.http.Network;
import ddpm.http.Progress;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class DataFetchTest {
    private static final byte[] CONTENT = new byte[300_000];
    private static final Progress QUIET = (name, bytes, total) -> {};

    static {
        new Random(5).nextBytes(CONTENT);
    }

    @TempDir
    Path folder;

    private final List<String> requests = Collections.synchronizedList(new ArrayList<>());
    private HttpServer server;
    private RemoteFile file;

    @BeforeEach
    void start() throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(
                Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        serve("/whole/", CONTENT.length);
        server.start();
        byte[] md5 = MessageDigest.getInstance("MD5").digest(CONTENT);
        file = new RemoteFile("set.bin", HexFormat.of().formatHex(md5));
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void aWholeFileArrivesAndIsNotFetchedAgain() throws Exception {
        List<String> progress = new ArrayList<>();
        fetch(List.of(file), (name, bytes, total) -> progress.add(name + " " + bytes + "/" + total), "/whole/");
        assertWhole();
        assertEquals("set.bin 300000/300000", progress.getLast());
        fetch("/whole/");
        assertEquals(List.of("/whole/set.bin null"), requests);
    }

    @Test
    void aCutConnectionIsResumedWhereItBroke() throws Exception {
        serve("/cutting/", 30_000); // more cuts than attempts in vain are allowed
        fetch("/cutting/");
        assertWhole();
        assertTrue(requests.size() >= 10, requests.toString());
        for (String request : requests.subList(1, requests.size())) {
            assertTrue(request.matches("/cutting/set.bin bytes=[1-9]\\d*-"), requests.toString());
        }
    }

    /** Inception's weights are known by their SHA-256; a whole file is checked by it too. */
    @Test
    void aFileIsCheckedByItsSha256() throws Exception {
        byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(CONTENT);
        file = new RemoteFile("set.bin", HexFormat.of().formatHex(sha256));
        Files.write(folder.resolve("set.bin.part"), Arrays.copyOf(CONTENT, 1234));
        fetch("/whole/");
        assertWhole();
        fetch("/whole/");
        assertEquals(List.of("/whole/set.bin bytes=1234-"), requests);
        file = new RemoteFile("set.bin", "0".repeat(64));
        var e = assertThrows(DataException.class, () -> fetch("/whole/"));
        assertTrue(e.getMessage().contains("exists with SHA-256"), e.getMessage());
    }

    @Test
    void inceptionsWeightsAreNamedAsTheirHashBegins() {
        var weights = PublicDataSet.INCEPTION.files().getFirst();
        var name = weights.name();
        assertEquals("SHA-256", weights.algorithm());
        assertEquals(
                name.substring(name.lastIndexOf('-') + 1, name.lastIndexOf('.')),
                weights.hash().substring(0, 8));
    }

    @Test
    void aPartFromAnEarlierCallIsResumed() throws Exception {
        Files.write(folder.resolve("set.bin.part"), Arrays.copyOf(CONTENT, 123_456));
        fetch("/whole/");
        assertWhole();
        assertEquals(List.of("/whole/set.bin bytes=123456-"), requests);
    }

    @Test
    void aPartThatIsAlreadyCompleteIsTaken() throws Exception {
        Files.write(folder.resolve("set.bin.part"), CONTENT);
        fetch("/whole/");
        assertWhole();
    }

    @Test
    void aPartOfAnotherFileIsThrownAwayAndFetchedAfresh() throws Exception {
        Files.write(folder.resolve("set.bin.part"), new byte[1000]);
        fetch("/whole/");
        assertWhole();
        assertEquals(List.of("/whole/set.bin bytes=1000-", "/whole/set.bin null"), requests);
    }

    @Test
    void aServerThatIgnoresRangeStartsTheFileOver() throws Exception {
        server.createContext("/deaf/", exchange -> {
            requests.add("deaf");
            exchange.sendResponseHeaders(200, CONTENT.length);
            exchange.getResponseBody().write(CONTENT);
            exchange.close();
        });
        Files.write(folder.resolve("set.bin.part"), new byte[400_000]);
        fetch("/deaf/");
        assertWhole();
        assertEquals(List.of("deaf"), requests, "the first answer was the whole file");
    }

    @Test
    void aRangeOtherThanAskedForIsRefused() throws Exception {
        server.createContext("/liar/", exchange -> {
            exchange.getResponseHeaders().set("Content-Range", "bytes 0-9/300000");
            exchange.sendResponseHeaders(206, 10);
            exchange.getResponseBody().write(new byte[10]);
            exchange.close();
        });
        Files.write(folder.resolve("set.bin.part"), Arrays.copyOf(CONTENT, 5000));
        assertRefused("asked to resume at byte 5000", "/liar/");
        assertEquals(5000, Files.size(folder.resolve("set.bin.part")));
    }

    @Test
    void aWrongChecksumIsRefusedAndLeavesNothing() throws Exception {
        file = new RemoteFile("set.bin", "00000000000000000000000000000000");
        assertRefused("not 00000000000000000000000000000000", "/whole/");
        assertFalse(Files.exists(folder.resolve("set.bin")));
        assertEquals(0, Files.size(folder.resolve("set.bin.part")));
        assertEquals(1, requests.size());
    }

    @Test
    void aMissingFileIsAskedForOnceAndThenOnTheNextMirror() throws Exception {
        serve("/empty/", -1);
        fetch("/empty/", "/whole/");
        assertWhole();
        assertEquals(List.of("/empty/set.bin null", "/whole/set.bin null"), requests);
        Files.delete(folder.resolve("set.bin"));
        assertRefused("/empty/set.bin answered 404", "/empty/");
    }

    @Test
    void aBusyServerIsTriedAgain() throws Exception {
        server.createContext("/busy/", exchange -> {
            requests.add("busy");
            if (requests.size() < 3) {
                exchange.sendResponseHeaders(503, -1);
                exchange.close();
            } else {
                send(exchange, 0, CONTENT.length);
            }
        });
        fetch("/busy/");
        assertWhole();
        assertEquals(3, requests.size());
    }

    @Test
    @Timeout(60)
    void aServerThatFallsSilentIsLeft() throws Exception {
        server.createContext("/silent/", exchange -> {
            requests.add("silent");
            exchange.sendResponseHeaders(200, CONTENT.length);
            exchange.getResponseBody().write(CONTENT, 0, 1000);
            exchange.getResponseBody().flush();
            try {
                Thread.sleep(Duration.ofMinutes(5));
            } catch (InterruptedException e) {
                exchange.close();
            }
        });
        var fetch = new DataFetch(
                mirrors("/silent/", "/whole/"), Network.of(Map.of()), Duration.ofMillis(1), Duration.ofMillis(300));
        fetch.fetch(List.of(file), folder, QUIET);
        assertWhole();
        assertEquals("/whole/set.bin bytes=1000-", requests.getLast());
    }

    @Test
    void aServerThatAlwaysCutsIsGivenUpAndItsBytesKept() throws Exception {
        serve("/cutting/", 0);
        Files.write(folder.resolve("set.bin.part"), Arrays.copyOf(CONTENT, 5000));
        assertRefused("the 5000 bytes in " + folder.resolve("set.bin.part") + " are resumed next time", "/cutting/");
        assertEquals(4, requests.size());
    }

    @Test
    void nobodyListeningIsReportedWithTheAddressAndWhatToDo() throws Exception {
        URI gone = mirrors("/whole/").getFirst();
        server.stop(0);
        var error = assertThrows(DataException.class, () -> quick(List.of(gone)).fetch(List.of(file), folder, QUIET));
        assertTrue(error.getMessage().contains(gone + "set.bin failed"), error.getMessage());
        assertTrue(error.getMessage().contains("by hand"), error.getMessage());
    }

    @Test
    void anotherFileOfThatNameIsNeverOverwritten() throws Exception {
        Files.writeString(folder.resolve("set.bin"), "mine");
        assertRefused("move it away", "/whole/");
        assertEquals("mine", Files.readString(folder.resolve("set.bin")));
        assertEquals(List.of(), requests);
    }

    @Test
    void twoFetchesOfOneFileDoNotMix() throws Exception {
        Path part = folder.resolve("set.bin.part");
        try (var channel = FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = channel.lock()) {
            assertTrue(lock.isValid());
            assertRefused("is fetching", "/whole/");
        }
        fetch("/whole/");
        assertWhole();
    }

    @Test
    void namesThatLeadElsewhereAndBadMirrorsAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new RemoteFile("../x", file.hash()));
        assertThrows(IllegalArgumentException.class, () -> new RemoteFile("x", "123"));
        assertThrows(IllegalArgumentException.class, () -> new DataFetch(List.of()));
        assertThrows(IllegalArgumentException.class, () -> new DataFetch(List.of(URI.create("file:///tmp/"))));
        assertThrows(IllegalArgumentException.class, () -> new DataFetch(List.of(URI.create("http://x/y"))));
    }

    @Test
    @Timeout(60)
    void aServerThatDripsIsLeftForTheNextMirror() throws Exception {
        server.createContext("/dripping/", exchange -> {
            exchange.sendResponseHeaders(200, CONTENT.length);
            for (byte one : CONTENT) {
                exchange.getResponseBody().write(one);
                exchange.getResponseBody().flush();
                pause();
            }
        });
        fetch("/dripping/", "/whole/");
        assertWhole();
        Files.delete(folder.resolve("set.bin"));
        assertRefused("sends less than 1024 bytes a second", "/dripping/");
    }

    @Test
    @Timeout(60)
    void aServerThatCutsAfterAFewBytesIsGivenUp() throws Exception {
        serve("/stingy/", 100);
        assertRefused("failed: ", "/stingy/");
        assertTrue(requests.size() <= 4, requests.toString());
    }

    @Test
    void aRedirectToNowherePossibleIsLeftForTheNextMirror() throws Exception {
        for (var address : List.of("http://127.0.0.1:99999/set.bin", "http://[/", "\u00e4:\u00f6", "mailto:a@b")) {
            server.createContext("/away/", exchange -> {
                exchange.getResponseHeaders().set("Location", address);
                exchange.sendResponseHeaders(302, -1);
                exchange.close();
            });
            fetch("/away/", "/whole/");
            assertWhole();
            Files.delete(folder.resolve("set.bin"));
            server.removeContext("/away/");
        }
    }

    @Test
    void aPipeUnderTheFilesNameDoesNotHang() throws Exception {
        for (var name : List.of("set.bin", "set.bin.part")) {
            var pipe = folder.resolve(name);
            assertEquals(
                    0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
            var refused = assertThrows(IOException.class, () -> fetch("/whole/"));
            assertTrue(refused.getMessage().contains("is a folder, a pipe or a device"), refused.getMessage());
            Files.delete(pipe);
        }
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void fetch(String... paths) throws IOException {
        fetch(List.of(file), QUIET, paths);
    }

    private void fetch(List<RemoteFile> files, Progress progress, String... paths) throws IOException {
        quick(mirrors(paths)).fetch(files, folder, progress);
    }

    private static DataFetch quick(List<URI> mirrors) {
        return new DataFetch(mirrors, Network.of(Map.of()), Duration.ofMillis(1), Duration.ofSeconds(20));
    }

    private List<URI> mirrors(String... paths) {
        return Arrays.stream(paths)
                .map(path ->
                        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path))
                .toList();
    }

    private void assertRefused(String part, String... paths) {
        var error = assertThrows(DataException.class, () -> fetch(paths));
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }

    private void assertWhole() throws IOException {
        assertArrayEquals(CONTENT, Files.readAllBytes(folder.resolve("set.bin")));
        assertFalse(Files.exists(folder.resolve("set.bin.part")));
    }

    /** Serves the content with ranges, cutting the connection after {@code most} bytes; nothing if negative. */
    private void serve(String path, int most) {
        server.createContext(path, exchange -> {
            String range = exchange.getRequestHeaders().getFirst("Range");
            requests.add(exchange.getRequestURI().getPath() + " " + range);
            int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
            if (most < 0 || from >= CONTENT.length) {
                exchange.sendResponseHeaders(most < 0 ? 404 : 416, -1);
                exchange.close();
            } else {
                send(exchange, from, most);
            }
        });
    }

    private static void send(HttpExchange exchange, int from, int most) throws IOException {
        int rest = CONTENT.length - from;
        if (from > 0) {
            String range = "bytes " + from + "-" + (CONTENT.length - 1) + "/" + CONTENT.length;
            exchange.getResponseHeaders().set("Content-Range", range);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, rest);
        exchange.getResponseBody().write(CONTENT, from, Math.min(rest, most));
        exchange.getResponseBody().flush();
        exchange.close(); // before all is written: the connection is cut
    }
}
