package ddpm.torch.collective;

import ddpm.torch.TorchException;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Optional;

/**
 * The network to be reached over by the other ranks.
 *
 * @param name an address of this host, or an interface's name
 * @param isInterface whether it is the latter
 */
record Network(String name, boolean isInterface) {
    /** PyTorch's variable for the same choice. */
    private static final String VARIABLE = "GLOO_SOCKET_IFNAME";

    /** The interface asked for, else the address from which this host reaches rank 0. */
    static Network of(Ranks ranks, Optional<String> asked) {
        var chosen =
                asked.or(() -> Optional.ofNullable(System.getenv(VARIABLE))).filter(name -> !name.isBlank());
        try {
            if (chosen.isPresent()) {
                if (NetworkInterface.getByName(chosen.get()) == null) {
                    throw new TorchException("interface '" + chosen.get() + "' is not there; this host has "
                            + NetworkInterface.networkInterfaces()
                                    .map(NetworkInterface::getName)
                                    .sorted()
                                    .toList());
                }
                return new Network(chosen.get(), true);
            }
            var local = localAddress(ranks);
            if (local.isLoopbackAddress() && ranks.localSize() < ranks.size()) {
                local = beyondThisHost();
            }
            return new Network(local.getHostAddress(), false);
        } catch (IOException e) {
            throw new TorchException(
                    "no way to " + ranks.address() + " is found: " + e.getMessage()
                            + "; name an interface (--interface)",
                    e);
        }
    }

    /** Connecting a datagram socket sends nothing; it only asks the system for the route. */
    private static InetAddress localAddress(Ranks ranks) throws IOException {
        try (var socket = new DatagramSocket()) {
            socket.connect(new InetSocketAddress(InetAddress.getByName(ranks.address()), ranks.port()));
            return socket.getLocalAddress();
        }
    }

    /** Rank 0 reaches its own name over loopback, where nobody on another host finds it. */
    private static InetAddress beyondThisHost() throws IOException {
        for (var network : NetworkInterface.networkInterfaces().toList()) {
            if (network.isUp() && !network.isLoopback()) {
                var address = network.inetAddresses()
                        .filter(Inet4Address.class::isInstance)
                        .findFirst();
                if (address.isPresent()) {
                    return address.get();
                }
            }
        }
        throw new IOException("this host has no address but loopback");
    }
}
