package ddpm.torch.collective;

import ddpm.torch.TorchException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * All ranks at rank 0's address, once: it learns their hosts and gives each a word that it alone knows.
 *
 * @param word rank 0's
 * @param hosts by rank
 */
record Meeting(byte[] word, List<String> hosts) {
    private static final int CONNECT_MILLIS = 2000;
    private static final int PAUSE_MILLIS = 20;
    private static final int LONGEST_WORD = 1 << 12;

    /**
     * Meets the others.
     *
     * @param word what rank 0 gives them; the others' is ignored
     * @throws TorchException if some do not come in time; it names them
     */
    static Meeting of(Ranks ranks, Duration patience, byte[] word) {
        return ranks.rank() == 0 ? receive(ranks, patience, word) : visit(ranks, patience);
    }

    private static Meeting receive(Ranks ranks, Duration patience, byte[] word) {
        var guests = new Socket[ranks.size()];
        var hosts = new String[ranks.size()];
        hosts[0] = hostName();
        long until = System.nanoTime() + patience.toNanos();
        try (var door = new ServerSocket(ranks.port())) {
            while (Arrays.stream(hosts).anyMatch(Objects::isNull)) {
                door.setSoTimeout((int) Math.max(1, (until - System.nanoTime()) / 1_000_000));
                welcome(door.accept(), guests, hosts);
            }
            for (int rank = 1; rank < guests.length; rank++) {
                var out = new DataOutputStream(guests[rank].getOutputStream());
                out.writeInt(word.length);
                out.write(word);
                for (var host : hosts) {
                    out.writeUTF(host);
                }
                out.flush();
            }
            return new Meeting(word, List.of(hosts));
        } catch (SocketTimeoutException e) {
            var missing = IntStream.range(0, hosts.length)
                    .filter(rank -> hosts[rank] == null)
                    .mapToObj(rank -> "rank " + rank)
                    .collect(Collectors.joining(", "));
            throw new TorchException(
                    ranks + " waited " + patience.toSeconds() + " s at " + ranks.address() + ":" + ranks.port()
                            + " for " + missing + " in vain; are all " + ranks.size()
                            + " started? --ranks off computes alone",
                    e);
        } catch (IOException e) {
            throw new TorchException(
                    ranks + " cannot wait for the others at " + ranks.address() + ":" + ranks.port() + ": "
                            + e.getMessage() + "; is the port free?",
                    e);
        } finally {
            Arrays.stream(guests).filter(Objects::nonNull).forEach(Meeting::part);
        }
    }

    /** Whoever is none of the ranks is sent away. */
    private static void welcome(Socket guest, Socket[] guests, String[] hosts) {
        try {
            guest.setSoTimeout(CONNECT_MILLIS);
            var in = new DataInputStream(guest.getInputStream());
            int rank = in.readInt();
            var host = in.readUTF();
            if (rank > 0 && rank < hosts.length && hosts[rank] == null) {
                guests[rank] = guest;
                hosts[rank] = host;
                return;
            }
        } catch (IOException notARank) {
            // a port scanner, or a rank that has given up
        }
        part(guest);
    }

    private static Meeting visit(Ranks ranks, Duration patience) {
        long until = System.nanoTime() + patience.toNanos();
        while (true) {
            try (var socket = new Socket()) {
                socket.connect(new InetSocketAddress(ranks.address(), ranks.port()), CONNECT_MILLIS);
                socket.setSoTimeout((int) Math.max(1, patience.toMillis()));
                var out = new DataOutputStream(socket.getOutputStream());
                out.writeInt(ranks.rank());
                out.writeUTF(hostName());
                out.flush();
                return heard(new DataInputStream(socket.getInputStream()), ranks.size());
            } catch (IOException e) {
                if (System.nanoTime() > until) {
                    throw new TorchException(
                            ranks + " does not reach rank 0 at " + ranks.address() + ":" + ranks.port() + ": "
                                    + (e instanceof UnknownHostException ? "unknown host" : e.getMessage())
                                    + "; is the address that of rank 0's host, and the port open to the others?",
                            e);
                }
            }
            pause();
        }
    }

    private static Meeting heard(DataInputStream in, int size) throws IOException {
        int length = in.readInt();
        if (length < 0 || length > LONGEST_WORD) {
            throw new IOException("who answers there is no rank 0");
        }
        var word = in.readNBytes(length);
        var hosts = new ArrayList<String>();
        for (int rank = 0; rank < size; rank++) {
            hosts.add(in.readUTF());
        }
        return new Meeting(word, hosts);
    }

    private static void part(Socket socket) {
        try {
            socket.close();
        } catch (IOException gone) {
            // as wanted
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("interrupted while waiting for the other ranks");
        }
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "an unnamed host";
        }
    }
}
