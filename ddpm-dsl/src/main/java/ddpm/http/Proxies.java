package ddpm.http;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Proxies by the scheme of what is asked for, and the hosts that are asked without one. */
public final class Proxies {
    private final Map<String, Entry> byScheme;
    private final List<String> without;
    private final ProxySelector javas = ProxySelector.getDefault();

    /** Whose toString has no password. */
    private record Entry(String variable, String host, int port, String authorization) {
        @Override
        public String toString() {
            return host + ":" + port + " (" + variable + (authorization == null ? "" : ", with a password") + ")";
        }
    }

    private Proxies(Map<String, Entry> byScheme, List<String> without) {
        this.byScheme = byScheme;
        this.without = without;
    }

    /** @throws IllegalArgumentException if a proxy is none that can be used; names the variable, and no password */
    static Proxies of(Map<String, String> environment) {
        var byScheme = new LinkedHashMap<String, Entry>();
        for (var scheme : List.of("https", "http")) {
            var entry = entry(environment, scheme + "_proxy");
            entry = entry == null ? entry(environment, "all_proxy") : entry;
            if (entry != null) {
                byScheme.put(scheme, entry);
            }
        }
        var without = environment.getOrDefault("no_proxy", environment.getOrDefault("NO_PROXY", ""));
        return new Proxies(
                byScheme,
                Arrays.stream(without.split("[,\\s]+"))
                        .filter(host -> !host.isBlank())
                        .map(host -> host.toLowerCase(Locale.ROOT))
                        .toList());
    }

    private static Entry entry(Map<String, String> environment, String small) {
        var large = small.toUpperCase(Locale.ROOT);
        var variable = environment.containsKey(small) ? small : large;
        var text = environment.getOrDefault(variable, "").strip();
        if (text.isEmpty()) {
            return null;
        }
        try {
            var uri = URI.create(text.contains("://") ? text : "http://" + text);
            if (!"http".equalsIgnoreCase(uri.getScheme()) || uri.getHost() == null || uri.getPort() > 65_535) {
                throw new IllegalArgumentException();
            }
            var user = uri.getRawUserInfo();
            var authorization =
                    user == null ? null : basic(URLDecoder.decode(user.replace("+", "%2B"), StandardCharsets.UTF_8));
            return new Entry(variable, uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort(), authorization);
        } catch (IllegalArgumentException e) { // whose message may hold the password
            throw new IllegalArgumentException(variable
                    + " names no proxy that can be used; write http://[USER:PASSWORD@]HOST:PORT, with special characters"
                    + " of the password as %XX");
        }
    }

    private static String basic(String user) {
        return "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8));
    }

    /** Null if the address is asked directly or by Java's own settings. */
    private Entry entry(URI uri) {
        return isJavas(uri.getScheme()) || isWithout(uri) ? null : byScheme.get(uri.getScheme());
    }

    private static boolean isJavas(String scheme) {
        return System.getProperty(scheme + ".proxyHost") != null;
    }

    private boolean isWithout(URI uri) {
        var host = uri.getHost().toLowerCase(Locale.ROOT);
        int port = uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
        return without.stream().anyMatch(entry -> covers(entry, host, port));
    }

    /** {@code *}, a host, a domain with all below it, an address, a CIDR block; with or without a port. */
    private static boolean covers(String entry, String host, int port) {
        if (entry.equals("*") || entry.equals(host)) {
            return true;
        }
        int colon = entry.indexOf(':');
        if (colon >= 0 && colon == entry.lastIndexOf(':')) {
            return entry.substring(colon + 1).equals(String.valueOf(port))
                    && covers(entry.substring(0, colon), host, port);
        }
        if (entry.indexOf('/') > 0) {
            return isInBlock(entry, host);
        }
        var domain = entry.replaceFirst("^\\*?\\.", "");
        return host.equals(domain) || host.endsWith("." + domain) || host.equals("[" + entry + "]");
    }

    private static boolean isInBlock(String block, String host) {
        var bare = host.replaceAll("[\\[\\]]", "");
        int slash = block.indexOf('/');
        try {
            if (!bare.matches("[0-9.]+|.*:.*")) {
                return false; // a name: blocks are of addresses
            }
            var wanted = InetAddress.ofLiteral(block.substring(0, slash)).getAddress();
            var given = InetAddress.ofLiteral(bare).getAddress();
            int bits = Integer.parseInt(block.substring(slash + 1));
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> bit % 8;
                if ((wanted[bit / 8] & mask) != (given[bit / 8] & mask)) {
                    return false;
                }
            }
            return wanted.length == given.length;
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            return false;
        }
    }

    /** The header that the proxy for this address wants, or null. */
    String authorization(URI uri) {
        if (isJavas(uri.getScheme())) {
            var user = System.getProperty(uri.getScheme() + ".proxyUser");
            return user == null ? null : basic(user + ":" + System.getProperty(uri.getScheme() + ".proxyPassword", ""));
        }
        var entry = entry(uri);
        return entry == null ? null : entry.authorization();
    }

    ProxySelector selector() {
        return new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                var entry = entry(uri);
                if (entry != null) {
                    var address = InetSocketAddress.createUnresolved(entry.host(), entry.port());
                    return List.of(new Proxy(Proxy.Type.HTTP, address));
                }
                boolean asksJava = isJavas(uri.getScheme()) || !byScheme.containsKey(uri.getScheme());
                return asksJava && javas != null ? javas.select(uri) : List.of(Proxy.NO_PROXY);
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException reason) {
                // the exception of the request says it
            }
        };
    }

    /** Describes the proxies that apply, without passwords. */
    String describe() {
        var parts = new ArrayList<String>();
        for (var scheme : List.of("https", "http")) {
            if (isJavas(scheme)) {
                parts.add(scheme + " by the proxy " + System.getProperty(scheme + ".proxyHost") + " (" + scheme
                        + ".proxyHost)");
            } else if (byScheme.containsKey(scheme)) {
                parts.add(scheme + " by the proxy " + byScheme.get(scheme));
            }
        }
        if (parts.isEmpty()) {
            return "no proxy";
        }
        if (!without.isEmpty()) {
            parts.add("but not for " + String.join(", ", without) + " (NO_PROXY)");
        }
        return String.join(", ", parts);
    }
}
