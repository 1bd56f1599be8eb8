package ddpm.torch.collective;

import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import ddpm.torch.cpp.GlooProcessGroup;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A group over Gloo. Rank 0 holds the store in which each rank's heart beats, so that a lost one is known by name. */
final class GlooGroup extends DeviceGroup {
    private static final int CONNECT_MILLIS = 2000;

    private final GlooProcessGroup processes;
    private final List<String> hosts;
    private final Heartbeat heartbeat;

    GlooGroup(Ranks ranks, GroupOptions options) {
        super(ranks, Device.CPU);
        var libtorch = LibTorch.load();
        if (!libtorch.isBundled()) {
            throw new TorchException(
                    "several ranks speak through JavaCPP's binding of c10d, which fits the bundled libtorch"
                            + " alone, and this process runs on " + libtorch.folder() + ": unset " + LibTorch.VARIABLE
                            + " and leave out --libtorch, or use --ranks off");
        }
        this.processes = open(options);
        try {
            hosts = assemble(options.start());
            var network = Network.of(ranks, options.network());
            processes.connect(rank(), size(), network.name(), network.isInterface(), options.timeout());
        } catch (TorchException e) {
            processes.close();
            throw e;
        }
        heartbeat = new Heartbeat(processes, rank(), size());
    }

    private GlooProcessGroup open(GroupOptions options) {
        try {
            if (ranks.rank() > 0) {
                awaitStore(options.start());
            }
            return new GlooProcessGroup(ranks.address(), ranks.port(), ranks.rank() == 0, options.start());
        } catch (TorchException e) {
            throw new TorchException(
                    ranks + (ranks.rank() == 0 ? " cannot wait for the others at " : " does not reach rank 0 at ")
                            + ranks.address() + ":" + ranks.port() + ": " + e.getMessage()
                            + "; is the address that of rank 0's host, and the port free and open to the others?",
                    e);
        }
    }

    /** Waits for rank 0's port. c10d would wait as well, but with pages on standard error. */
    private void awaitStore(Duration patience) {
        long until = System.nanoTime() + patience.toNanos();
        while (true) {
            try (var probe = new Socket()) {
                probe.connect(new InetSocketAddress(ranks.address(), ranks.port()), CONNECT_MILLIS);
                return;
            } catch (IOException e) {
                if (System.nanoTime() > until) {
                    throw new TorchException(
                            (e instanceof UnknownHostException ? "unknown host" : e.getMessage()) + ", for "
                                    + patience.toSeconds() + " s",
                            e);
                }
            }
            pause();
        }
    }

    /** Waits until all are here, and returns their hosts. */
    private List<String> assemble(Duration patience) {
        processes.set("host/" + rank(), hostName());
        processes.add("here/" + rank(), 1);
        long until = System.nanoTime() + patience.toNanos();
        var missing = others();
        while (true) {
            missing.removeIf(rank -> processes.add("here/" + rank, 0) > 0);
            if (missing.isEmpty()) {
                break;
            }
            if (System.nanoTime() > until) {
                throw new TorchException(ranks + " waited " + patience.toSeconds() + " s at " + ranks.address() + ":"
                        + ranks.port() + " for "
                        + missing.stream().map(rank -> "rank " + rank).collect(Collectors.joining(", "))
                        + " in vain; are all " + size() + " started? --ranks off computes alone");
            }
            pause();
        }
        var found = IntStream.range(0, size())
                .mapToObj(rank -> processes.get("host/" + rank))
                .toList();
        processes.add("assembled", 1);
        return found;
    }

    private List<Integer> others() {
        return new ArrayList<>(IntStream.range(0, size())
                .filter(rank -> rank != rank())
                .boxed()
                .toList());
    }

    private static void pause() {
        try {
            Thread.sleep(20);
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

    @Override
    public String host(int rank) {
        return hosts.get(rank);
    }

    @Override
    void sumInPlace(Tensor tensor) {
        processes.allReduce(tensor);
    }

    @Override
    void overwrite(Tensor tensor) {
        processes.broadcast(tensor);
    }

    @Override
    RankLostException lost(String what, TorchException e) {
        var lost = heartbeat.lost();
        var who = lost.isEmpty()
                ? "no rank is lost, but one does not answer in time (--timeout) or the network between them fails"
                : lost.stream()
                        .map(rank -> "rank " + rank + " on " + hosts.get(rank) + " is lost")
                        .collect(Collectors.joining(", "));
        return new RankLostException(
                "rank " + rank() + " on " + hosts.get(rank()) + ", " + what + " over " + size() + " ranks: " + who
                        + " (" + e.getMessage() + ")",
                e);
    }

    @Override
    public void close() {
        if (heartbeat.stop()) {
            processes.close();
        }
    }
}
