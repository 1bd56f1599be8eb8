package ddpm.torch.collective;

/** The programs that start many processes as one, in the order in which their variables are looked for. */
public enum Launcher {
    TORCHRUN("torchrun"),
    OPEN_MPI("Open MPI"),
    MPICH("MPICH"),
    SLURM("SLURM"),
    KUBERNETES("a Kubernetes indexed job"),
    /** None of them: the process is alone. */
    NONE("no launcher");

    private final String label;

    Launcher(String label) {
        this.label = label;
    }

    @Override
    public String toString() {
        return label;
    }
}
