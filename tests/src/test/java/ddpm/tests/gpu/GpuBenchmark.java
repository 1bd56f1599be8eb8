package ddpm.tests.gpu;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.sampling.GraphSteps;
import ddpm.sampling.Sampler;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import ddpm.torch.Tf32;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.CudaStatus;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;

/**
 * Times sampling on a GPU, step by step, by graphs and in one launch, and prints rows for {@link BenchmarkTable}.
 *
 * <p>A row is the difference of a long and a short chain over the difference of their steps: recording the graph and the
 * first, eager step, which every chain has once, are not in it. The host's time is the processor time of the whole
 * process, found likewise.
 */
public final class GpuBenchmark {
    /** Steps of one graph. */
    static final int GRAPH_STEPS = 10;

    private static final int MANY_IMAGES = 64;
    private static final int SIDE = 32;
    private static final int TRAINED_STEPS = 1000;

    private enum Way {
        EAGER("ddpm eager", GraphSteps.NONE),
        GRAPH("ddpm graph of " + GRAPH_STEPS + " steps", GraphSteps.of(GRAPH_STEPS)),
        LOOP("ddpm one launch", GraphSteps.ALL);

        private final String title;
        private final GraphSteps steps;

        Way(String title, GraphSteps steps) {
            this.title = title;
            this.steps = steps;
        }
    }

    /** Seconds of the clock and of the processors. */
    private record Cost(double wall, double cpu) {}

    private GpuBenchmark() {}

    /** @param args see {@link BenchmarkOptions} */
    public static void main(String[] args) {
        BenchmarkOptions options;
        try {
            options = BenchmarkOptions.parse(args);
        } catch (IllegalArgumentException e) {
            System.err.println("benchmark: " + e.getMessage());
            System.exit(2);
            return;
        }
        if (options.device().kind() == Device.Kind.CUDA) {
            var status = CudaStatus.of(LibTorch.load());
            if (!status.isReady()) {
                System.err.println("benchmark: " + status.finding());
                System.exit(4);
            }
            System.out.println("# " + status.finding());
        }
        System.out.println("# libtorch " + LibTorch.load().version() + ", Java " + Runtime.version());
        for (var precision : options.precisions()) {
            if (options.device().kind() == Device.Kind.CUDA) {
                Tf32.allow(precision.equals("tf32"));
            }
            measure(options, precision);
        }
    }

    private static void measure(BenchmarkOptions options, String precision) {
        var dtype = precision.equals("bf16") ? DType.BFLOAT16 : DType.FLOAT32;
        for (var name : options.networks()) {
            NetworkConfig config = name.equals("UNetMini") ? UNetMini.Config.ofChannels(3) : UNetConfig.cifar10(3);
            try (var params = new Params()) {
                var network = config.build(params.root());
                var noise = Noise.seed(1);
                params.allocate(options.device(), DType.FLOAT32)
                        .initialise((parameter, target) ->
                                noise.uniforms(Noise.Domain.INIT, parameter, 0, target, 0, target.length));
                params.fixed();
                Denoiser model = (x, t) -> network.forward(x, t, null, dtype);
                for (int batch : options.batches()) {
                    for (var way : Way.values()) {
                        if (way == Way.EAGER || options.device().kind() == Device.Kind.CUDA) {
                            System.out.println(String.join("\t", name, precision, "" + batch, way.title) + "\t"
                                    + row(options, model, batch, way));
                        }
                    }
                }
            }
        }
    }

    private static String row(BenchmarkOptions options, Denoiser model, int batch, Way way) {
        int steps = stepsFor(options, batch);
        try {
            run(options, model, batch, way, 1 + GRAPH_STEPS); // warms up
            var wall = new double[options.rounds()];
            double cpu = 0; // summed up, for the system counts it in hundredths of a second
            for (int round = 0; round < options.rounds(); round++) {
                // One step more than whole graphs: the first is always eager.
                var part = run(options, model, batch, way, 1 + GRAPH_STEPS);
                var whole = run(options, model, batch, way, 1 + GRAPH_STEPS + steps);
                wall[round] = (whole.wall() - part.wall()) / steps;
                cpu += (whole.cpu() - part.cpu()) / steps / options.rounds();
            }
            Arrays.sort(wall);
            return String.format(Locale.ROOT, "%.4f\t%.1f", 1e3 * wall[wall.length / 2], 1e6 * Math.max(0, cpu));
        } catch (TorchException e) {
            var reason = String.join(" ", e.getMessage().lines().toList());
            return reason.substring(0, Math.min(120, reason.length())).replace('\t', ' ') + "\t";
        }
    }

    /** Small batches are quick, and take ten times the steps. */
    private static int stepsFor(BenchmarkOptions options, int batch) {
        int most = (TRAINED_STEPS - 1 - GRAPH_STEPS) / GRAPH_STEPS * GRAPH_STEPS;
        return Math.min(most, batch < MANY_IMAGES ? 10 * options.steps() : options.steps());
    }

    private static Cost run(BenchmarkOptions options, Denoiser model, int batch, Way way, int steps) {
        var chain = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(TRAINED_STEPS, steps));
        var sampler = Sampler.notebook(chain).withGraphSteps(way.steps).withProgress(new Sampler.Progress() {
            @Override
            public void steps(long done, long of) {}

            @Override
            public void note(String line) {
                throw new TorchException(line); // another way than the row's title says
            }
        });
        try (var _ = TensorScope.open()) {
            long cpu = processorNanos();
            long start = System.nanoTime();
            sampler.sample(model, Shape.of(batch, 3, SIDE, SIDE), Noise.seed(1), options.device());
            return new Cost((System.nanoTime() - start) / 1e9, (processorNanos() - cpu) / 1e9);
        }
    }

    private static long processorNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }
}
