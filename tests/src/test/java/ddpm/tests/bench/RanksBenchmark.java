package ddpm.tests.bench;

import ddpm.diffusion.BetaSchedule;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.NetworkConfig;
import ddpm.tests.ChildJvm;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.collective.Group;
import ddpm.torch.collective.GroupOptions;
import ddpm.torch.collective.Ranks;
import ddpm.train.TrainConfig;
import ddpm.train.Trainer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A training step of one process on all cores against ranks of one thread each, with the same batch: as many ranks as
 * cores, and twice as many. Beside them as many processes by themselves, each with a rank's share of the batch: what they
 * lose against one process is the cores' doing, and what ranks lose against them is the price of being one run.
 * All are there all the time and train in turn, so that a slower minute slows all.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=RanksBenchmark [-Dbench.rounds=7]}</pre>
 */
public final class RanksBenchmark {
    private static final String MEMBER = "member";

    /** Of {@code ddpm}'s own start: the work is libtorch's, and the second compiler only takes a core from it for a while. */
    private static final String ONE_COMPILER = "-XX:TieredStopAtLevel=1";

    /** Rounds before those that count, in which the JVMs load and compile what they run. */
    private static final int WARMING = 3;

    private RanksBenchmark() {}

    /** @param args the number of rounds, 7 if left out, and the networks, mini and paper if so; or what a child is to train */
    public static void main(String[] args) throws IOException {
        if (args.length > 0 && args[0].equals(MEMBER)) {
            member(contest(args[1]), Integer.parseInt(args[2]), Integer.parseInt(args[3]));
            return;
        }
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 7;
        int cores = Runtime.getRuntime().availableProcessors();
        var chosen = args.length > 1 ? List.of(args).subList(1, args.length) : List.of("mini", "paper");
        for (var name : chosen) {
            compare(name, cores, rounds);
            compare(name, 2 * cores, rounds);
        }
    }

    private static Contest contest(String name) {
        return name.equals("mini") ? Contest.uNetMini(32) : Contest.cifar10(8);
    }

    private static void compare(String name, int size, int rounds) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        int steps = name.equals("mini") ? 5 : 1;
        int batch = contest(name).batch();
        try (var one = Team.ofRanks(name, 1, cores, batch);
                var ranks = Team.ofRanks(name, size, 1, batch);
                var apart = Team.apart(name, size, batch / size)) {
            var teams = List.of(one, ranks, apart);
            var times = new double[teams.size()][rounds][];
            for (int round = -WARMING; round < rounds; round++) {
                for (int team = 0; team < teams.size(); team++) {
                    times[team][Math.max(round, 0)] = teams.get(team).train(steps);
                }
            }
            System.out.printf(
                    Locale.ROOT,
                    "%s, batch %d: %.2f images/s of one process on %d threads, %.2f of %d ranks of one thread, %.2f of as many"
                            + " processes by themselves%n"
                            + "  ranks against one process %s, against processes by themselves %s, these against one %s;"
                            + " %.1f%% of rank 0's time is communication%n",
                    contest(name).name(),
                    batch,
                    batch / median(times[0], 0),
                    cores,
                    batch / median(times[1], 0),
                    size,
                    batch / median(times[2], 0),
                    ratio(times[1], times[0]),
                    ratio(times[1], times[2]),
                    ratio(times[2], times[0]),
                    100 * median(times[1], 1) / median(times[1], 0));
        }
    }

    private static double median(double[][] rounds, int figure) {
        var sorted = Arrays.stream(rounds)
                .mapToDouble(round -> round[figure])
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    /** The median and the extremes over the rounds of one team's images per second over another's. */
    private static String ratio(double[][] team, double[][] other) {
        var ratios = IntStream.range(0, team.length)
                .mapToDouble(i -> other[i][0] / team[i][0])
                .sorted()
                .toArray();
        return String.format(
                Locale.ROOT, "%.3f (%.3f..%.3f)", ratios[ratios.length / 2], ratios[0], ratios[ratios.length - 1]);
    }

    /** Processes that train, together or each by itself, whenever they are asked to. */
    private static final class Team implements AutoCloseable {
        private final List<Process> processes = new ArrayList<>();
        private final List<BufferedReader> answers = new ArrayList<>();

        /** One run of several ranks. */
        static Team ofRanks(String contest, int size, int threads, int batch) throws IOException {
            int port;
            try (var socket = new ServerSocket(0)) {
                port = socket.getLocalPort();
            }
            var team = new Team();
            for (int rank = 0; rank < size; rank++) {
                team.start(
                        contest,
                        threads,
                        batch,
                        Map.of(
                                "RANK", Integer.toString(rank),
                                "WORLD_SIZE", Integer.toString(size),
                                "LOCAL_RANK", Integer.toString(rank),
                                "LOCAL_WORLD_SIZE", Integer.toString(size),
                                "MASTER_ADDR", "127.0.0.1",
                                "MASTER_PORT", Integer.toString(port)));
            }
            return team;
        }

        /** As many runs as there are processes, of one thread each. */
        static Team apart(String contest, int size, int batch) throws IOException {
            var team = new Team();
            for (int i = 0; i < size; i++) {
                team.start(contest, 1, batch, Map.of());
            }
            return team;
        }

        private void start(String contest, int threads, int batch, Map<String, String> environment) throws IOException {
            var command = new ArrayList<String>();
            command.add(ChildJvm.java().toString());
            command.add(ONE_COMPILER);
            command.addAll(ChildJvm.onThisClassPath());
            command.addAll(List.of(
                    RanksBenchmark.class.getName(),
                    MEMBER,
                    contest,
                    Integer.toString(threads),
                    Integer.toString(batch)));
            var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().putAll(environment);
            var process = builder.start();
            processes.add(process);
            answers.add(process.inputReader());
        }

        /** Seconds of a step of the slowest process, and those that were communication of the first. */
        double[] train(int steps) throws IOException {
            for (var process : processes) {
                process.outputWriter().write(steps + "\n");
                process.outputWriter().flush();
            }
            double[] result = null;
            for (var answer : answers) {
                var line = answer.readLine();
                if (line == null) {
                    throw new IOException("a rank has ended, see above");
                }
                var figures = Arrays.stream(line.split(" "))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
                if (result == null) {
                    result = figures;
                }
                result[0] = Math.max(result[0], figures[0]);
            }
            return result;
        }

        @Override
        public void close() {
            for (var process : processes) {
                try {
                    process.outputWriter().close(); // the end of its input is its end
                    process.waitFor();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                } catch (InterruptedException e) {
                    process.destroyForcibly();
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /** Trains as many steps as each line of standard input says, and answers with the seconds of a step. */
    private static void member(Contest contest, int threads, int batch) throws IOException {
        LibTorch.load().setThreads(threads);
        var config = TrainConfig.notebook(1, 1_000_000).withBatch(batch).withThreads(threads);
        var input = new BufferedReader(new InputStreamReader(System.in));
        try (var group = Group.join(Ranks.of(System.getenv()), GroupOptions.USUAL);
                var model = new Model(card(contest.config()), Device.CPU);
                var trainer = new Trainer(model, new Patterns(), config, null, group)) {
            trainer.initialise();
            for (var line = input.readLine(); line != null; line = input.readLine()) {
                int steps = Integer.parseInt(line);
                long start = System.nanoTime();
                double waited = 0;
                for (int step = 0; step < steps; step++) {
                    waited += trainer.train().communication();
                }
                System.out.println((System.nanoTime() - start) / 1e9 / steps + " " + waited / steps);
            }
        }
    }

    private static ModelCard card(NetworkConfig network) {
        return ModelCard.of(network, BetaSchedule.ho2020(), 32, 32);
    }
}
