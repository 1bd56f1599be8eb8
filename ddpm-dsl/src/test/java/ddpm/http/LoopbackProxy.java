package ddpm.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A proxy that wants a user and a password: tunnels by CONNECT, and requests by absolute address. */
public final class LoopbackProxy implements AutoCloseable {
    /** Request lines of those that were let through, and {@code refused ...} of the others. */
    public final List<String> requests = Collections.synchronizedList(new ArrayList<>());

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final String authorization;

    public LoopbackProxy(String authorization) throws IOException {
        this.authorization = authorization;
        start(() -> {
            while (!server.isClosed()) {
                var client = server.accept();
                start(() -> serve(client));
            }
        });
    }

    public int port() {
        return server.getLocalPort();
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                work.run();
            } catch (IOException closed) {
                return;
            }
        });
    }

    private void serve(Socket client) throws IOException {
        try (client) {
            for (var head = head(client.getInputStream()); !head.isEmpty(); head = head(client.getInputStream())) {
                var line = head.lines().findFirst().orElseThrow();
                var out = client.getOutputStream();
                if (!head.contains("Proxy-Authorization: " + authorization + "\r\n")) {
                    requests.add("refused " + line);
                    write(
                            out,
                            "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n");
                    continue;
                }
                requests.add(line);
                var address = line.split(" ")[1];
                if (line.startsWith("CONNECT ")) {
                    try (var target = new Socket("127.0.0.1", Integer.parseInt(address.replaceFirst(".*:", "")))) {
                        write(out, "HTTP/1.1 200 Connected\r\n\r\n");
                        start(() -> target.getInputStream().transferTo(out));
                        client.getInputStream().transferTo(target.getOutputStream());
                    }
                    return;
                }
                var uri = URI.create(address);
                try (var target = new Socket("127.0.0.1", uri.getPort())) {
                    var query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
                    write(
                            target.getOutputStream(),
                            head.replace(address, uri.getRawPath() + query)
                                    .replaceFirst("\r\n", "\r\nConnection: close\r\n"));
                    target.getInputStream().transferTo(out);
                }
                return;
            }
        }
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.ISO_8859_1));
        out.flush();
    }

    private static String head(InputStream in) throws IOException {
        var head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                return "";
            }
            head.append((char) next);
        }
        return head.toString();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
