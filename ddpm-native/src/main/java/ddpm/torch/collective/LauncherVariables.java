package ddpm.torch.collective;

import java.util.Map;
import java.util.stream.Stream;

/** The environment variables of each launcher. All that they say is checked here, before anyone waits for anyone. */
final class LauncherVariables {
    /** PyTorch's. */
    private static final int USUAL_PORT = 29500;

    /** Ports that are derived from a job's name lie below those that systems give to clients. */
    private static final int FIRST_DERIVED_PORT = 20_000;

    private static final int DERIVED_PORTS = 10_000;

    private final Map<String, String> environment;

    private LauncherVariables(Map<String, String> environment) {
        this.environment = environment;
    }

    static Ranks read(Map<String, String> environment) {
        var variables = new LauncherVariables(environment);
        if (variables.hasAny("RANK", "LOCAL_RANK")) {
            return variables.torchrun();
        }
        if (variables.hasAny("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE")) {
            return variables.openMpi();
        }
        if (variables.hasAny("PMI_RANK", "PMI_SIZE")) {
            return variables.mpich();
        }
        if (variables.hasAny("SLURM_PROCID")) {
            return variables.slurm();
        }
        if (variables.hasAny("JOB_COMPLETION_INDEX") && variables.hasAny("WORLD_SIZE", "MASTER_ADDR")) {
            return variables.kubernetes();
        }
        if (variables.hasAny("WORLD_SIZE") && variables.number("WORLD_SIZE", 1) > 1) {
            throw wrong("WORLD_SIZE is " + variables.text("WORLD_SIZE") + ", but which of them this is, RANK or"
                    + " JOB_COMPLETION_INDEX, is not set");
        }
        return Ranks.ALONE;
    }

    private Ranks torchrun() {
        int rank = number("RANK", 0);
        int size = number("WORLD_SIZE", 1);
        if (hasAny("LOCAL_RANK") != hasAny("LOCAL_WORLD_SIZE")) {
            throw wrong("of LOCAL_RANK and LOCAL_WORLD_SIZE only one is set; torchrun sets both");
        }
        boolean local = hasAny("LOCAL_RANK");
        int localRank = local ? number("LOCAL_RANK", 0) : 0;
        int localSize = local ? number("LOCAL_WORLD_SIZE", 1) : 1;
        if (size == 1) {
            return checked(rank, size, localRank, localSize, "localhost", 0, Launcher.TORCHRUN);
        }
        // An agent of torchrun's holds a store at that port, in the protocol of its own PyTorch: ours is next to it.
        int port = port("MASTER_PORT") + ("True".equals(environment.get("TORCHELASTIC_USE_AGENT_STORE")) ? 1 : 0);
        return checked(rank, size, localRank, localSize, text("MASTER_ADDR"), port, Launcher.TORCHRUN);
    }

    private Ranks openMpi() {
        return meeting(
                number("OMPI_COMM_WORLD_RANK", 0),
                number("OMPI_COMM_WORLD_SIZE", 1),
                number("OMPI_COMM_WORLD_LOCAL_RANK", 0),
                number("OMPI_COMM_WORLD_LOCAL_SIZE", 1),
                "mpirun -x MASTER_ADDR=HOST",
                Launcher.OPEN_MPI);
    }

    private Ranks mpich() {
        int rank = number("PMI_RANK", 0);
        int size = number("PMI_SIZE", 1);
        boolean local = hasAny("MPI_LOCALRANKID", "MPI_LOCALNRANKS");
        return meeting(
                rank,
                size,
                local ? number("MPI_LOCALRANKID", 0) : hasAny("SLURM_LOCALID") ? number("SLURM_LOCALID", 0) : rank,
                local ? number("MPI_LOCALNRANKS", 1) : hasAny("SLURM_LOCALID") ? slurmLocalSize(size) : size,
                "mpiexec -genv MASTER_ADDR HOST",
                Launcher.MPICH);
    }

    private Ranks slurm() {
        var tasks = hasAny("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
        int size = hasAny(tasks) ? number(tasks, 1) : missing(tasks);
        int localRank = size == 1 && !hasAny("SLURM_LOCALID") ? 0 : number("SLURM_LOCALID", 0);
        return meeting(number("SLURM_PROCID", 0), size, localRank, slurmLocalSize(size), "srun", Launcher.SLURM);
    }

    /** {@code 2(x3),1} is the tasks on each node, of which SLURM_NODEID says which this is. */
    private int slurmLocalSize(int size) {
        var name = hasAny("SLURM_STEP_TASKS_PER_NODE") ? "SLURM_STEP_TASKS_PER_NODE" : "SLURM_TASKS_PER_NODE";
        if (size == 1 || !hasAny(name)) {
            return size;
        }
        try {
            return SlurmLists.tasksOfNode(text(name), hasAny("SLURM_NODEID") ? number("SLURM_NODEID", 0) : 0);
        } catch (IllegalArgumentException e) {
            throw wrong(name + " is '" + text(name) + "': " + e.getMessage());
        }
    }

    private Ranks kubernetes() {
        int rank = number("JOB_COMPLETION_INDEX", 0);
        int size = number("WORLD_SIZE", 1);
        return checked(
                rank,
                size,
                0,
                1,
                text("MASTER_ADDR"),
                hasAny("MASTER_PORT") ? port("MASTER_PORT") : USUAL_PORT,
                Launcher.KUBERNETES);
    }

    /** Ranks of a launcher that says nothing, or not all, of where they meet. */
    private Ranks meeting(int rank, int size, int localRank, int localSize, String how, Launcher launcher) {
        return checked(rank, size, localRank, localSize, master(size, localSize, how), masterPort(), launcher);
    }

    private String master(int size, int localSize, String how) {
        if (hasAny("MASTER_ADDR")) {
            return text("MASTER_ADDR");
        }
        if (size == localSize) {
            return "127.0.0.1";
        }
        for (var list : new String[] {"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST"}) {
            if (hasAny(list)) {
                try {
                    return SlurmLists.firstHost(text(list));
                } catch (IllegalArgumentException e) {
                    throw wrong(list + " is '" + text(list) + "': " + e.getMessage());
                }
            }
        }
        throw wrong("the ranks are on several hosts, and MASTER_ADDR, the host of rank 0, is not set (" + how + ")");
    }

    /** Jobs on one host must not meet each other: each has a port that follows from its name. */
    private int masterPort() {
        if (hasAny("MASTER_PORT")) {
            return port("MASTER_PORT");
        }
        var job = new StringBuilder();
        Stream.of("PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "PMI_JOBID", "SLURM_JOB_ID", "SLURM_STEP_ID")
                .filter(this::hasAny)
                .forEach(name -> job.append(text(name)).append('/'));
        return job.isEmpty()
                ? USUAL_PORT
                : FIRST_DERIVED_PORT + Math.floorMod(job.toString().hashCode(), DERIVED_PORTS);
    }

    private Ranks checked(
            int rank, int size, int localRank, int localSize, String address, int port, Launcher launcher) {
        if (rank >= size) {
            throw wrong("rank " + rank + " of " + size + " (" + launcher + "): ranks are 0.." + (size - 1));
        }
        if (localRank >= localSize || localSize > size) {
            throw wrong("local rank " + localRank + " of " + localSize + " on this host, and " + size + " in all ("
                    + launcher + "): they contradict each other");
        }
        if (hasAny("WORLD_SIZE") && number("WORLD_SIZE", 1) != size) {
            throw wrong("WORLD_SIZE is " + text("WORLD_SIZE") + ", and " + launcher + " has started " + size);
        }
        return new Ranks(rank, size, localRank, localSize, address, port, launcher);
    }

    private boolean hasAny(String... names) {
        return Stream.of(names)
                .anyMatch(name -> !environment.getOrDefault(name, "").isBlank());
    }

    private String text(String name) {
        var value = environment.getOrDefault(name, "").strip();
        if (value.isEmpty()) {
            missing(name);
        }
        return value;
    }

    private int number(String name, int least) {
        var value = text(name);
        try {
            int number = Integer.parseInt(value);
            if (number >= least) {
                return number;
            }
        } catch (NumberFormatException notANumber) {
            // said below
        }
        throw wrong(name + " is '" + value + "'; a whole number from " + least + " on is needed");
    }

    private int port(String name) {
        int port = number(name, 1);
        if (port >= 65_535) {
            throw wrong(name + " is " + port + "; ports are 1..65534");
        }
        return port;
    }

    private int missing(String name) {
        throw wrong(name + " is not set, though other variables of its launcher are");
    }

    private static IllegalArgumentException wrong(String what) {
        return new IllegalArgumentException(
                "environment: " + what + "; start all ranks with one launcher, or use --ranks off to compute alone");
    }
}
