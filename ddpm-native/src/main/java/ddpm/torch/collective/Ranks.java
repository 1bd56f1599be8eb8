package ddpm.torch.collective;

import java.util.Map;

/**
 * Which of several processes this one is, as its launcher says.
 *
 * @param rank its number, from 0
 * @param size how many there are
 * @param localRank its number on its host, from 0
 * @param localSize how many there are on its host
 * @param address the host of rank 0
 * @param port where rank 0 waits for the others
 * @param launcher who started them
 */
public record Ranks(int rank, int size, int localRank, int localSize, String address, int port, Launcher launcher) {
    /** One process that was started by itself. */
    public static final Ranks ALONE = new Ranks(0, 1, 0, 1, "localhost", 0, Launcher.NONE);

    /**
     * Reads an environment: the first launcher of {@link Launcher}'s order whose variables are there counts.
     *
     * @throws IllegalArgumentException if variables are missing or contradict each other; the message names them
     */
    public static Ranks of(Map<String, String> environment) {
        return LauncherVariables.read(environment);
    }

    @Override
    public String toString() {
        return "rank " + rank + " of " + size + " (" + launcher + ")";
    }
}
