package ddpm.cli;

import ddpm.torch.collective.Ranks;
import picocli.CommandLine.Option;

/** Whether this process is one of several that a launcher started: torchrun, mpirun, srun or Kubernetes. */
final class RankChoice {
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
