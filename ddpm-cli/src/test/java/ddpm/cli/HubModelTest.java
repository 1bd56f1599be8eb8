package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a hub of one file, {@code me/tiny}: each in a JVM of its own, with its own environment. */
class HubModelTest {
    private static final String COMMIT = "c".repeat(40);

    @TempDir
    Path folder;

    private final AtomicInteger sent = new AtomicInteger();
    private byte[] model;
    private HttpServer server;

    /** How long the server waits between pieces of the model. */
    private volatile int millis;

    @BeforeEach
    void start() throws Exception {
        model = Files.readAllBytes(Cli.tinyModel(folder.resolve("tiny.safetensors")));
        var etag = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(model));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(
                Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        server.createContext("/api/models/me/tiny/tree/main", exchange -> {
            var list = "[{\"type\":\"file\",\"path\":\"model.safetensors\"}]".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, list.length);
            exchange.getResponseBody().write(list);
            exchange.close();
        });
        server.createContext("/me/tiny/resolve/", exchange -> {
            try (exchange) {
                var range = exchange.getRequestHeaders().getFirst("Range");
                int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
                exchange.getResponseHeaders().set("ETag", '"' + etag + '"');
                exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
                if (exchange.getRequestMethod().equals("HEAD")) {
                    exchange.sendResponseHeaders(200, -1);
                    return;
                }
                exchange.getResponseHeaders()
                        .set("Content-Range", "bytes " + from + "-" + (model.length - 1) + "/" + model.length);
                boolean isWhole = from >= model.length;
                exchange.sendResponseHeaders(isWhole ? 416 : from > 0 ? 206 : 200, isWhole ? -1 : model.length - from);
                int piece = model.length / 40;
                for (int at = from; at < model.length; at += piece) {
                    exchange.getResponseBody().write(model, at, Math.min(piece, model.length - at));
                    exchange.getResponseBody().flush();
                    sent.addAndGet(Math.min(piece, model.length - at));
                    Thread.sleep(millis);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private Process process(String... args) throws Exception {
        return prepared(Cli.process(List.of(), Arrays.asList(args))).start();
    }

    private ProcessBuilder prepared(ProcessBuilder builder) {
        builder.directory(folder.toFile()).redirectErrorStream(true);
        builder.environment()
                .keySet()
                .removeIf(name -> name.startsWith("HF_") || name.toLowerCase().endsWith("_proxy"));
        builder.environment()
                .put("HF_ENDPOINT", "http://127.0.0.1:" + server.getAddress().getPort());
        builder.environment().put("HF_HUB_CACHE", folder.resolve("cache").toString());
        return builder;
    }

    private String run(int status, String... args) throws Exception {
        var process = process(args);
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(status, process.waitFor(), said);
        return said;
    }

    @Test
    @Timeout(300)
    void aModelIsDrawnByItsIdAndAgainUnplugged() throws Exception {
        var said =
                run(0, "sample", "--model", "me/tiny", "-n", "1", "--seed", "7", "--out", "a.png", "--device", "cpu");
        assertTrue(said.contains("model: me/tiny of 127.0.0.1, commit cccccccc"), said);
        server.stop(0);
        said = run(
                0, "sample", "--model", "hf://me/tiny", "-n", "1", "--seed", "7", "--out", "b.png", "--device", "cpu");
        assertTrue(said.contains("as it was when last fetched"), said);
        assertEquals(-1, Files.mismatch(folder.resolve("a.png"), folder.resolve("b.png")));
        assertTrue(run(0, "info", "me/tiny").contains("linear(10, 0.05, 0.5)"));
        run(0, "convert", "me/tiny", "tiny.pt");
    }

    @Test
    @Timeout(300)
    void modelsAreFetchedListedAndDeleted() throws Exception {
        var said = run(0, "model", "fetch", "me/tiny");
        var snapshot = folder.resolve("cache/models--me--tiny/snapshots").resolve(COMMIT);
        assertTrue(said.contains(snapshot.toString()), said);
        var listed = run(0, "model", "list");
        assertTrue(listed.matches("(?s)me/tiny  .* MB  main cccccccc  whole  .*models--me--tiny\\s*"), listed);
        assertTrue(run(2, "model", "rm", "me/tiny@main").contains("rm deletes all revisions"));
        assertTrue(run(0, "model", "rm", "me/tiny").startsWith("deleted me/tiny, "));
        assertFalse(Files.exists(snapshot));
        assertTrue(run(1, "model", "rm", "me/tiny").contains("me/tiny is not in"));
        assertTrue(run(1, "info", "me/none").contains("there is no model me/none"));
    }

    @Test
    @Timeout(300)
    void aLocalFolderWinsAndIsNamed() throws Exception {
        Files.createDirectories(folder.resolve("me/tiny"));
        Files.write(folder.resolve("me/tiny/model.safetensors"), model);
        var said = run(0, "info", "me/tiny");
        assertTrue(said.contains("model: me/tiny in this folder; hf://me/tiny would be the hub's"), said);
        assertEquals(0, sent.get());
        assertTrue(run(1, "info", "me/tin").contains("for a model of the hub write hf://me/tin"));
    }

    /** A limit on the length of files stands for the disk's end; the shell that sets it is POSIX's. */
    @Test
    @Timeout(300)
    void aFullDiskIsASentenceAndLeavesWhatArrived() throws Exception {
        var builder = Cli.process(List.of("-XX:-UsePerfData"), List.of("model", "fetch", "me/tiny"));
        var limited =
                new ArrayList<>(List.of("sh", "-c", "ulimit -f " + model.length / 1024 + " && exec \"$0\" \"$@\""));
        limited.addAll(builder.command());
        var process = prepared(builder.command(limited)).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), said);
        assertTrue(said.contains("ddpm: me/tiny: cannot write model.safetensors (File too large); make room"), said);
        assertTrue(said.contains("or let HF_HUB_CACHE name a folder on another disk"), said);
        run(0, "model", "fetch", "me/tiny");
    }

    @Test
    @Timeout(300)
    void twoProcessesAtOnceBothSucceed() throws Exception {
        millis = 50;
        var one = process("model", "fetch", "me/tiny");
        var other = process("model", "fetch", "me/tiny");
        for (var process : List.of(one, other)) {
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, process.waitFor(), said);
        }
        var cache = folder.resolve("cache/models--me--tiny");
        assertEquals(
                -1,
                Files.mismatch(
                        folder.resolve("tiny.safetensors"),
                        cache.resolve("snapshots").resolve(COMMIT).resolve("model.safetensors")));
    }

    /** Ends the process without warning at ten moments of the download; every next one goes on. */
    @Test
    @Timeout(300)
    void aFetchKilledAtTenMomentsThenSucceeds() throws Exception {
        millis = 100;
        for (int kill = 1; kill <= 10; kill++) {
            int before = sent.get();
            var process = process("model", "fetch", "me/tiny");
            while (process.isAlive() && sent.get() < before + model.length / 20) {
                Thread.sleep(5);
            }
            process.destroyForcibly();
            assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        }
        millis = 0;
        run(0, "model", "fetch", "me/tiny");
        var cache = folder.resolve("cache/models--me--tiny");
        assertEquals(
                -1,
                Files.mismatch(
                        folder.resolve("tiny.safetensors"),
                        cache.resolve("snapshots").resolve(COMMIT).resolve("model.safetensors")));
        var left = new ArrayList<Path>();
        try (var blobs = Files.newDirectoryStream(cache.resolve("blobs"))) {
            blobs.forEach(left::add);
        }
        assertEquals(1, left.size(), left.toString());
    }
}
