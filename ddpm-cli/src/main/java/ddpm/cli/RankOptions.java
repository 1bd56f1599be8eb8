package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.torch.collective.Group;
import ddpm.torch.collective.GroupOptions;
import ddpm.torch.collective.Ranks;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How the ranks of a run wait for each other. */
final class RankOptions {
    /** Whether this process is one of several that a launcher started: torchrun, mpirun, srun or Kubernetes. */
    static final class Which {
        /** The values of {@code --ranks}. */
        enum Choice {
            AUTO,
            OFF
        }

        @Option(
                names = "--ranks",
                paramLabel = "WHICH",
                defaultValue = "auto",
                description =
                        "auto: where torchrun, mpirun, srun or a Kubernetes indexed job started several processes, each"
                                + " takes its share; off: this one computes alone (default: ${DEFAULT-VALUE}).")
        private Choice choice;

        /**
         * Which of several processes this is.
         *
         * @throws IllegalArgumentException if the launcher's variables are half-set or contradict each other
         */
        Ranks ranks() {
            return choice == Choice.OFF ? Ranks.ALONE : Ranks.of(System.getenv());
        }
    }

    @Mixin
    private Which which;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            converter = Values.Count.class,
            defaultValue = "600",
            description =
                    "Under a launcher: how long a rank waits for the others before it gives up; longer than rank 0"
                            + " takes to draw samples and to save (default: ${DEFAULT-VALUE}).")
    private int timeout;

    @Option(
            names = "--interface",
            paramLabel = "NAME",
            description =
                    "Under a launcher: the network interface that reaches the other ranks (default: GLOO_SOCKET_IFNAME,"
                            + " else the one that reaches MASTER_ADDR).")
    private String network;

    /** Which of several processes this is, see {@link Which#ranks}. */
    Ranks ranks() {
        return which.ranks();
    }

    /**
     * Joins the other ranks.
     *
     * @param engine loaded, and its device tried, first where there are others
     */
    Group join(Ranks ranks, EngineOptions engine, Console console) {
        if (ranks.size() == 1) {
            return Group.ALONE;
        }
        var device = engine.device(engine.load(console), console);
        var options = new GroupOptions(
                GroupOptions.USUAL.start(), Duration.ofSeconds(timeout), Optional.ofNullable(network), device);
        var group = Group.join(ranks, options);
        console.note(ranks + ", rank 0 at " + ranks.address() + ":" + ranks.port());
        return group;
    }
}
