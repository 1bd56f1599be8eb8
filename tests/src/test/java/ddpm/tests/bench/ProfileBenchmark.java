package ddpm.tests.bench;

import ddpm.nn.Params;
import ddpm.tests.networks.Weights;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.LibTorch;
import ddpm.torch.OpProfile;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.List;
import java.util.Locale;

/**
 * Where the time of a forward pass goes, operator by operator, on one core.
 *
 * <pre>{@code mvn -q -pl tests -am -Pbench -DskipTests test -Dbench.main=ProfileBenchmark}</pre>
 */
public final class ProfileBenchmark {
    private static final int PASSES = 10;
    private static final int LINES = 14;

    private ProfileBenchmark() {}

    /** @param args not used */
    public static void main(String[] args) {
        LibTorch.load().setThreads(1);
        for (var contest : List.of(Contest.uNetMini(8), Contest.cifar10(2))) {
            for (var precision : List.of(DType.FLOAT32, DType.BFLOAT16)) {
                profile(contest, precision);
            }
        }
    }

    private static void profile(Contest contest, DType precision) {
        try (var params = new Params();
                var _ = GradMode.off();
                var _ = TensorScope.open()) {
            var network = contest.config().build(params.root());
            Weights.randomise(params);
            params.fixed();
            network.tabulate(1000);
            var x = Tensor.full(Shape.of(contest.batch(), 3, 32, 32), 0.5, DType.FLOAT32, Device.CPU);
            var t = Tensor.of(new long[] {500}, Shape.of(1));
            Runnable pass = () -> {
                try (var _ = TensorScope.open()) {
                    network.forward(x, t, null, precision);
                }
            };
            for (int i = 0; i < 3; i++) {
                pass.run();
            }
            long start = System.nanoTime();
            try (var profile = OpProfile.start()) {
                for (int i = 0; i < PASSES; i++) {
                    pass.run();
                }
                double milliseconds = (System.nanoTime() - start) / 1e6 / PASSES;
                System.out.printf(
                        Locale.ROOT,
                        "%n%s, %d images, %s, one core: %.1f ms, %.0f GFLOP/s%n",
                        contest.name(),
                        contest.batch(),
                        precision,
                        milliseconds,
                        contest.gflopPerImage() * contest.batch() / milliseconds * 1000);
                profile.entries().stream()
                        .limit(LINES)
                        .forEach(entry -> System.out.printf(
                                Locale.ROOT,
                                "%8.2f ms %5.1f %% %5d calls  %s%n",
                                entry.milliseconds() / PASSES,
                                100 * entry.milliseconds() / PASSES / milliseconds,
                                entry.calls() / PASSES,
                                entry.operator()));
            }
        }
    }
}
