package ddpm.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WebTest {
    private static final String BASIC =
            "Basic " + Base64.getEncoder().encodeToString("me:p@ss+word".getBytes(StandardCharsets.UTF_8));

    @TempDir
    Path folder;

    private HttpServer server;
    private LoopbackProxy proxy;

    @BeforeEach
    void start() throws IOException {
        server = serving(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        proxy = new LoopbackProxy(BASIC);
    }

    @AfterEach
    void stop() throws IOException {
        server.stop(0);
        proxy.close();
    }

    /** Answers with the Authorization headers that arrive. */
    private static <S extends HttpServer> S serving(S server) {
        server.createContext("/", exchange -> {
            var headers = exchange.getRequestHeaders();
            var text = headers.getFirst("Authorization") + " " + headers.getFirst("Proxy-Authorization");
            exchange.sendResponseHeaders(200, text.length());
            exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
            exchange.close();
        });
        server.start();
        return server;
    }

    private static String get(Map<String, String> environment, String uri) throws IOException {
        try (var web = new Web(Network.of(environment), Duration.ofSeconds(20))) {
            var page = web.get(URI.create(uri), Map.of("Authorization", "Bearer t"), 1000);
            return page.answer().status() + " " + page.text();
        }
    }

    private String address() {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/a?b=c";
    }

    private String proxyAs(String user) {
        return "http://" + user + "@127.0.0.1:" + proxy.port();
    }

    @Test
    void aProxyWithAPasswordIsUsed() throws Exception {
        assertEquals("200 Bearer t " + BASIC, get(Map.of("HTTP_PROXY", proxyAs("me:p%40ss+word")), address()));
        assertEquals(1, proxy.requests.size());
        assertTrue(proxy.requests.getFirst().startsWith("GET " + address()), proxy.requests.toString());
    }

    @Test
    void withoutTheProxyNoProxyPasswordIsSent() throws Exception {
        var environment = Map.of("HTTP_PROXY", proxyAs("me:p%40ss+word"), "NO_PROXY", "127.0.0.1");
        assertEquals("200 Bearer t null", get(environment, address()));
        assertEquals(0, proxy.requests.size());
    }

    @Test
    void aProxyRefusesAWrongPassword() throws Exception {
        assertEquals("407 ", get(Map.of("HTTP_PROXY", proxyAs("me:wrong")), address()));
    }

    @Test
    void aTunnelAndAnAuthorityOfOnesOwnAreUsed() throws Exception {
        var secure = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        var certificate = configure(secure);
        serving(secure);
        try {
            var uri = "https://127.0.0.1:" + secure.getAddress().getPort() + "/";
            var environment = new HashMap<>(Map.of("HTTPS_PROXY", proxyAs("me:p%40ss+word")));
            assertThrows(SSLException.class, () -> get(environment, uri));
            environment.put("SSL_CERT_FILE", certificate.toString());
            assertEquals("200 Bearer t null", get(environment, uri));
            assertTrue(proxy.requests.getLast().startsWith("CONNECT 127.0.0.1:"), proxy.requests.toString());
            environment.put("HTTPS_PROXY", proxyAs("me:wrong"));
            assertEquals("407 ", get(environment, uri));
        } finally {
            secure.stop(0);
        }
    }

    /** Gives a server a new certificate of its own and returns the file with it. */
    private Path configure(HttpsServer server) throws Exception {
        var store = folder.resolve("store.p12");
        var pem = folder.resolve("authority.pem");
        keytool("-genkeypair -alias a -keyalg EC -dname CN=loopback -ext SAN=ip:127.0.0.1 -storetype PKCS12 -storepass"
                + " secret -keystore " + store);
        keytool("-exportcert -rfc -alias a -storepass secret -keystore " + store + " -file " + pem);
        Files.writeString(pem, "# A comment\n" + Files.readString(pem));
        var keys = KeyStore.getInstance(store.toFile(), "secret".toCharArray());
        var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, "secret".toCharArray());
        var context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        server.setHttpsConfigurator(new HttpsConfigurator(context));
        return pem;
    }

    private static void keytool(String arguments) throws Exception {
        var command = new java.util.ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(java.util.List.of(arguments.split(" ")));
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
    }

    @Test
    void redirectsToAnotherHostLoseTheToken() throws Exception {
        var other = serving(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        server.createContext("/away", exchange -> {
            exchange.getResponseHeaders()
                    .set("Location", "http://127.0.0.1:" + other.getAddress().getPort() + "/");
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        try (var web = new Web(Network.of(Map.of()), Duration.ofSeconds(20));
                var response = web.open(
                        "GET",
                        URI.create(address()).resolve("/away"),
                        Map.of("Authorization", "Bearer t"),
                        Web.Redirects.ANY)) {
            assertEquals(other.getAddress().getPort(), response.answer().uri().getPort());
            var text = StandardCharsets.UTF_8
                    .decode(response.body().next().getFirst())
                    .toString();
            assertEquals("null null", text);
        } finally {
            other.stop(0);
        }
    }

    @Test
    void aCircleOfRedirectsEnds() throws Exception {
        server.createContext("/round", exchange -> {
            exchange.getResponseHeaders().set("Location", "/round");
            exchange.sendResponseHeaders(302, -1);
            exchange.close();
        });
        var round = URI.create(address()).resolve("/round").toString();
        var refused = assertThrows(RefusedException.class, () -> get(Map.of(), round));
        assertTrue(refused.getMessage().contains("more than 10 times"), refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "'*', a.org, true",
        "a.org, a.org, true",
        "a.org, b.a.org, true",
        ".a.org, b.a.org, true",
        "*.a.org, b.a.org, true",
        "a.org, ba.org, false",
        "a.org:80, a.org, true",
        "a.org:81, a.org, false",
        "'x, A.ORG', a.org, true",
        "10.0.0.0/8, 10.1.2.3, true",
        "10.0.0.0/8, 11.1.2.3, false",
        "10.0.0.0/99, 10.1.2.3, false",
        "10.0.0.0/8, ten.org, false",
        "fd00::/8, '[fd12::1]', true",
        "::1, '[::1]', true",
        "'', a.org, false"
    })
    void hostsWithoutAProxyAreToldFromOthers(String without, String host, boolean direct) {
        var proxies = Proxies.of(Map.of("http_proxy", "p:3128", "no_proxy", without));
        var chosen =
                proxies.selector().select(URI.create("http://" + host + "/")).getFirst();
        assertEquals(direct, chosen.type() == Proxy.Type.DIRECT, chosen.toString());
    }

    @Test
    void settingsAreDescribedWithoutPasswords() throws Exception {
        var environment = Map.of("https_proxy", "http://me:secret@p:3128", "ALL_PROXY", "q", "NO_PROXY", "a.org");
        assertEquals(
                "https by the proxy p:3128 (https_proxy, with a password), http by the proxy q:80 (ALL_PROXY), but not for"
                        + " a.org (NO_PROXY), Java's certificates",
                Network.of(environment).describe());
        assertEquals("no proxy, Java's certificates", Network.of(Map.of()).describe());
    }

    @Test
    void settingsThatCannotBeUsedAreSaidWithoutPasswords() throws Exception {
        for (var text : new String[] {
            "https://u:secret@p", "socks5://u:secret@p:1", "http://u:secret@p:99999", "http://u:secret@"
        }) {
            var refused = assertThrows(IllegalArgumentException.class, () -> Network.of(Map.of("HTTPS_PROXY", text)));
            assertTrue(refused.getMessage().startsWith("HTTPS_PROXY names no proxy"), refused.getMessage());
            assertFalse(refused.getMessage().contains("secret"), refused.getMessage());
        }
        var none = folder.resolve("none.pem");
        var missing = Network.of(Map.of("SSL_CERT_FILE", none.toString()));
        assertTrue(
                assertThrows(IOException.class, missing::describe).getMessage().contains("no such file"));
        Files.writeString(none, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        assertThrows(IOException.class, missing::describe);
        Files.writeString(none, "");
        assertTrue(
                assertThrows(IOException.class, missing::describe).getMessage().contains("no BEGIN CERTIFICATE"));
    }
}
