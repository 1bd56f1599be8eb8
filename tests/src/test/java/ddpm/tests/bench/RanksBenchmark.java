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
import java.util.stream.IntStream;

/**
 * A training step of one process on all cores against ranks of one thread each, with the same batch: as many ranks as
 * cores, and twice as many. Both are there all the time and train in turn, so that a slower minute slows both.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=RanksBenchmark [-Dbench.rounds=7]}</pre>
 */
public final class RanksBenchmark {
    private RanksBenchmark() {}

    /** @param args the number of rounds, 7 if left out; or what a child is to train */
    public static void main(String[] args) throws IOException {
        if (args.length > 1) {
            member(contest(args[0]), Integer.parseInt(args[1]));
            return;
        }
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 7;
        int cores = Runtime.getRuntime().availableProcessors();
        compare("mini", cores, rounds, 5);
        compare("mini", 2 * cores, rounds, 5);
        compare("paper", cores, rounds, 1);
    }

    private static Contest contest(String name) {
        return name.equals("mini") ? Contest.uNetMini(32) : Contest.cifar10(8);
    }

    private static void compare(String name, int size, int rounds, int steps) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        try (var one = new Team(name, 1, cores);
                var ranks = new Team(name, size, 1)) {
            one.train(steps); // warm-up
            ranks.train(steps);
            var alone = new double[rounds][];
            var together = new double[rounds][];
            for (int round = 0; round < rounds; round++) {
                alone[round] = one.train(steps);
                together[round] = ranks.train(steps);
            }
            var contest = contest(name);
            double single = median(alone, 0);
            double several = median(together, 0);
            System.out.printf(
                    Locale.ROOT,
                    "%s, batch %d: %.1f images/s of one process on %d threads, %.1f of %d ranks of one thread:"
                            + " ratio %.3f (%.3f..%.3f); %.1f%% of rank 0's time is communication%n",
                    contest.name(),
                    contest.batch(),
                    contest.batch() / single,
                    cores,
                    contest.batch() / several,
                    size,
                    single / several,
                    ratios(alone, together)[0],
                    ratios(alone, together)[rounds - 1],
                    100 * median(together, 1) / several);
        }
    }

    private static double median(double[][] rounds, int figure) {
        var sorted = Arrays.stream(rounds)
                .mapToDouble(round -> round[figure])
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    private static double[] ratios(double[][] alone, double[][] together) {
        return IntStream.range(0, alone.length)
                .mapToDouble(i -> alone[i][0] / together[i][0])
                .sorted()
                .toArray();
    }

    /** Processes that train one model together whenever they are asked to. */
    private static final class Team implements AutoCloseable {
        private final List<Process> processes = new ArrayList<>();
        private final List<BufferedReader> answers = new ArrayList<>();

        Team(String contest, int size, int threads) throws IOException {
            int port;
            try (var socket = new ServerSocket(0)) {
                port = socket.getLocalPort();
            }
            for (int rank = 0; rank < size; rank++) {
                var command = new ArrayList<String>();
                command.add(ChildJvm.java().toString());
                command.addAll(ChildJvm.onThisClassPath());
                command.addAll(List.of(RanksBenchmark.class.getName(), contest, Integer.toString(threads)));
                var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
                var environment = builder.environment();
                environment.put("RANK", Integer.toString(rank));
                environment.put("WORLD_SIZE", Integer.toString(size));
                environment.put("MASTER_ADDR", "127.0.0.1");
                environment.put("MASTER_PORT", Integer.toString(port));
                var process = builder.start();
                processes.add(process);
                answers.add(process.inputReader());
            }
        }

        /** Seconds of a step of rank 0, and those of them that were communication. */
        double[] train(int steps) throws IOException {
            for (var process : processes) {
                process.outputWriter().write(steps + "\n");
                process.outputWriter().flush();
            }
            double[] leader = null;
            for (var answer : answers) {
                var line = answer.readLine();
                if (line == null) {
                    throw new IOException("a rank has ended, see above");
                }
                var figures = Arrays.stream(line.split(" "))
                        .mapToDouble(Double::parseDouble)
                        .toArray();
                leader = leader == null ? figures : leader;
            }
            return leader;
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
    private static void member(Contest contest, int threads) throws IOException {
        LibTorch.load().setThreads(threads);
        var config =
                TrainConfig.notebook(1, 1_000_000).withBatch(contest.batch()).withThreads(threads);
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
