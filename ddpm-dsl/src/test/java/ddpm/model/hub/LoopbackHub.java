package ddpm.model.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;

/** A hub with one model, and a second host for large files, as the public one answers. */
final class LoopbackHub implements AutoCloseable {
    static final String ID = "google/ddpm-tiny";
    static final String COMMIT = "267b167dc01f0e4e61923ea244e8b988f84deb80";

    /** Requests to either host: {@code hub GET /path auth=... range=...}. */
    final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    final Map<String, byte[]> files = new LinkedHashMap<>();
    private final HttpServer hub;
    private final HttpServer store;

    /** If not 0, the status of all answers of the hub. */
    volatile int status;

    volatile String errorCode = "";
    volatile String commit = COMMIT;

    /** How many bytes of a large file the store sends before it cuts the connection. */
    volatile int cutAfter = Integer.MAX_VALUE;

    /** Whether the store sends other bytes than the hash is of. */
    volatile boolean damages;

    /** A name that the model had, which the hub redirects from. */
    volatile String formerName = "gone/gone";

    LoopbackHub(Path folder) throws IOException {
        try (var all = Files.walk(folder)) {
            for (var file : all.filter(Files::isRegularFile).sorted().toList()) {
                files.put(folder.relativize(file).toString(), Files.readAllBytes(file));
            }
        }
        files.put("README.md", "not needed".getBytes(StandardCharsets.UTF_8));
        files.put("samples/images.png", new byte[1000]);
        hub = server(this::hub);
        store = server(this::store);
    }

    private static HttpServer server(com.sun.net.httpserver.HttpHandler handler) throws IOException {
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(
                Executors.newCachedThreadPool(Thread.ofPlatform().daemon().factory()));
        server.createContext("/", exchange -> {
            try (exchange) {
                handler.handle(exchange);
            }
        });
        server.start();
        return server;
    }

    String endpoint() {
        return "http://127.0.0.1:" + hub.getAddress().getPort();
    }

    /** Environment of a program that has this hub and this cache. */
    Map<String, String> environment(Path cache) {
        return new LinkedHashMap<>(
                Map.of("HF_ENDPOINT", endpoint(), "HF_HUB_CACHE", cache.toString(), "HOME", cache.toString()));
    }

    static String etag(String name, byte[] content) {
        try {
            var digest = MessageDigest.getInstance(isLarge(name) ? "SHA-256" : "SHA-1");
            if (!isLarge(name)) {
                digest.update(("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII));
            }
            return HexFormat.of().formatHex(digest.digest(content));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isLarge(String name) {
        return name.endsWith(".safetensors") || name.endsWith(".bin") || name.endsWith(".png");
    }

    private void log(String host, HttpExchange exchange) {
        var headers = exchange.getRequestHeaders();
        requests.add(host + " " + exchange.getRequestMethod() + " "
                + exchange.getRequestURI().getPath() + " auth=" + headers.getFirst("Authorization") + " range="
                + headers.getFirst("Range"));
    }

    private void hub(HttpExchange exchange) throws IOException {
        log("hub", exchange);
        var path = exchange.getRequestURI().getPath();
        var answer = exchange.getResponseHeaders();
        if (status != 0) {
            answer.set("X-Error-Code", errorCode);
            answer.set("Retry-After", "17");
            exchange.sendResponseHeaders(status, -1);
        } else if (path.contains(formerName)) {
            answer.set("Location", exchange.getRequestURI().toString().replace(formerName, ID));
            exchange.sendResponseHeaders(307, -1);
        } else if (path.equals("/api/models/" + ID + "/tree/main")
                || path.equals("/api/models/" + ID + "/tree/" + commit)) {
            // two pages, as of a large repository
            boolean second = exchange.getRequestURI().getQuery().contains("cursor=2");
            var entries = new ArrayList<String>();
            int number = 0;
            for (var name : files.keySet()) {
                if (number++ % 2 == 0 == second) {
                    entries.add("{\"type\":\"file\",\"path\":\"" + name + "\",\"size\":1,\"oid\":\"x\"}");
                }
            }
            entries.add("{\"type\":\"directory\",\"path\":\"unet\",\"oid\":\"x\"}");
            if (!second) {
                answer.set("Link", "<" + endpoint() + path + "?recursive=true&cursor=2>; rel=\"next\"");
            }
            send(exchange, ("[" + String.join(",", entries) + "]").getBytes(StandardCharsets.UTF_8));
        } else {
            resolve(exchange, path);
        }
    }

    private void resolve(HttpExchange exchange, String path) throws IOException {
        var answer = exchange.getResponseHeaders();
        var start = "/" + ID + "/resolve/";
        if (!path.startsWith(start)) {
            answer.set("X-Error-Code", "RepoNotFound");
            exchange.sendResponseHeaders(401, -1);
            return;
        }
        var revision = path.substring(start.length()).split("/", 2)[0];
        var name = path.substring(start.length()).split("/", 2)[1];
        if (!revision.equals("main") && !revision.equals(commit)) {
            answer.set("X-Error-Code", "RevisionNotFound");
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        answer.set("X-Repo-Commit", commit);
        if (!files.containsKey(name)) {
            answer.set("X-Error-Code", "EntryNotFound");
            exchange.sendResponseHeaders(404, -1);
            return;
        }
        var content = files.get(name);
        if (isLarge(name)) {
            answer.set("X-Linked-Etag", "\"" + etag(name, content) + "\"");
            answer.set("X-Linked-Size", String.valueOf(content.length));
            answer.set("ETag", "\"" + "0".repeat(32) + "-17\"");
            answer.set("Location", "http://localhost:" + store.getAddress().getPort() + "/lfs/" + name + "?signed=1");
            exchange.sendResponseHeaders(302, -1);
        } else {
            answer.set("ETag", "W/\"" + etag(name, content) + "\"");
            send(exchange, content);
        }
    }

    private void store(HttpExchange exchange) throws IOException {
        log("store", exchange);
        var content = files.get(exchange.getRequestURI().getPath().substring("/lfs/".length()));
        if (damages) {
            content = content.clone();
            content[content.length / 2] ^= 1;
        }
        var range = exchange.getRequestHeaders().getFirst("Range");
        int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
        if (from >= content.length) {
            exchange.sendResponseHeaders(416, -1);
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
        OutputStream out = exchange.getResponseBody();
        out.write(content, from, Math.min(cutAfter, content.length - from));
        out.flush();
    }

    private static void send(HttpExchange exchange, byte[] content) throws IOException {
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        if (isHead) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(content.length));
        }
        exchange.sendResponseHeaders(200, isHead ? -1 : content.length);
        if (!isHead) {
            exchange.getResponseBody().write(content);
        }
    }

    URI uri() {
        return URI.create(endpoint());
    }

    /** Pulls the plug. */
    @Override
    public void close() {
        hub.stop(0);
        store.stop(0);
    }
}
