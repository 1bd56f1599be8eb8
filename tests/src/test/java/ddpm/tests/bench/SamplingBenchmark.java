package ddpm.tests.bench;

import ai.onnxruntime.OrtException;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.nn.Params;
import ddpm.sampling.Sampler;
import ddpm.tests.networks.Weights;
import ddpm.torch.DType;
import ddpm.torch.LibTorch;
import ddpm.torch.Processor;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import ddpm.torch.cpp.CppTensors;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How long one step of sampling takes with the notebook's network and the paper's, beside yardsticks of the same run: the
 * machine's ceiling, the same network called eagerly through JavaCPP's generated classes as the notebook does it, and the
 * network exported to ONNX in ONNX Runtime.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test [-Dbench.rounds=7]}</pre>
 *
 * The contestants run in turn, so that a slower minute of the machine slows all of them; medians are printed.
 */
public final class SamplingBenchmark {
    private SamplingBenchmark() {}

    /** @param args the number of rounds, 7 if left out */
    public static void main(String[] args) throws IOException, OrtException {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 7;
        int cores = Runtime.getRuntime().availableProcessors();
        CppTensors.ready();
        System.out.printf(
                "%d cores, libtorch %s (%s), medians of %d rounds%n",
                cores, LibTorch.load().version(), LibTorch.load().cpuCapability(), rounds);
        var chosen = args.length > 1
                ? List.of(args).subList(1, args.length)
                : List.of("mini:16", "paper:1", "paper:4", "paper:16");
        for (var one : chosen) {
            int batch = Integer.parseInt(one.substring(one.indexOf(':') + 1));
            if (one.startsWith("mini:")) {
                time(Contest.uNetMini(batch), 10, rounds, cores);
            } else {
                time(Contest.cifar10(batch), Math.max(3, 12 / batch), rounds, cores);
            }
        }
    }

    private static void time(Contest contest, int steps, int rounds, int cores) throws IOException, OrtException {
        try (var params = new Params();
                var prepared = new Params();
                var workers = new Workers(cores, 1);
                var _ = TensorScope.open()) {
            contest.config().build(params.root());
            Weights.randomise(params);
            var network = contest.config().build(prepared.root());
            prepared.sharing(params).fixed();
            network.tabulate(1000);
            var chain = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(1000, steps));
            var sampler = Sampler.notebook(chain).withThreads(cores);
            Denoiser float32 = network::forward;
            Denoiser bfloat16 = (x, t) -> network.forward(x, t, null, DType.BFLOAT16);
            LibTorch.load().setThreads(cores); // of this thread, on which the eager loop runs
            var eagerSampling = new EagerSampling(contest, params);
            var onnxSampling = new OnnxSampling(contest, params, cores);

            var ours = new double[rounds];
            var half = new double[rounds];
            var eager = new double[rounds];
            var onnx = new double[rounds];
            var ceiling = new double[rounds];
            var halfCeiling = new double[rounds];
            int batch = contest.batch();
            int perWorker = Math.max(1, batch / cores);
            boolean multipliesBfloat16 = Processor.multipliesBfloat16();
            for (int round = -1; round < rounds; round++) { // the first only warms up
                int at = Math.max(round, 0);
                ours[at] = sample(sampler, float32, batch) / steps;
                if (multipliesBfloat16) { // elsewhere it is computed in float32, in ten times the time
                    half[at] = sample(sampler, bfloat16, batch) / steps;
                    halfCeiling[at] = Ceiling.gigaflops(workers, DType.BFLOAT16, perWorker);
                }
                eager[at] = eagerSampling.run(chain, batch) / steps;
                onnx[at] = onnxSampling.run(chain) / steps;
                ceiling[at] = Ceiling.gigaflops(workers, DType.FLOAT32, perWorker);
            }
            System.out.printf("%n%s, %d images of 3 x 32 x 32%n", contest.name(), batch);
            System.out.printf("%-28s %10s %10s %12s %12s%n", "", "ms/step", "GFLOP/s", "of ceiling", "x eager");
            print("ours, float32", contest, ours, ceiling, eager);
            if (multipliesBfloat16) {
                print("ours, bfloat16", contest, half, halfCeiling, eager);
            }
            print("JavaCPP eager, row-major", contest, eager, ceiling, eager);
            print("ONNX Runtime", contest, onnx, ceiling, eager);
            onnxSampling.close();
            System.out.printf(
                    Locale.ROOT,
                    "ceiling: %.0f GFLOP/s in float32, %.0f in bfloat16 (best of single operators, one worker per core)%n",
                    median(ceiling),
                    median(halfCeiling));
        }
    }

    private static double sample(Sampler sampler, Denoiser model, int batch) {
        try (var _ = TensorScope.open()) {
            long start = System.nanoTime();
            sampler.sample(model, Shape.of(batch, 3, 32, 32), Noise.seed(1));
            return (System.nanoTime() - start) / 1e9;
        }
    }

    private static void print(String name, Contest contest, double[] times, double[] ceiling, double[] eager) {
        double seconds = median(times);
        double rate = contest.gflopPerImage() * contest.batch() / seconds;
        System.out.printf(
                Locale.ROOT,
                "%-28s %10.1f %10.0f %11.0f%% %12.2f%n",
                name,
                1000 * seconds,
                rate,
                100 * rate / median(ceiling),
                median(eager) / seconds);
    }

    static double median(double[] values) {
        var sorted = values.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
