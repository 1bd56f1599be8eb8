package ddpm.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The gradient with respect to the input is the same whatever a network may do to be fast. */
class InputGradientTest {
    private static final int TIMESTEPS = 20;

    /** How the same weights are held. */
    private enum Held {
        PLAIN,
        TRAINABLE,
        FIXED,
        PREPARED
    }

    /** A layer or network under test, built in a path. */
    private record Subject(String name, Shape input, Function<ParamPath, Built> builder) {
        @Override
        public String toString() {
            return name;
        }
    }

    /** What was built, and how it is prepared for sampling. */
    private record Built(Function<Tensor, Tensor> forward, Runnable preparation) {}

    private static Subject layer(String name, Shape input, Function<ParamPath, Block> builder) {
        return new Subject(name, input, path -> {
            var block = builder.apply(path);
            return new Built(block::forward, () -> {});
        });
    }

    private static Subject network(NetworkConfig config) {
        return new Subject(config.getClass().getName(), Shape.of(2, config.inChannels(), 8, 8), path -> {
            var network = config.build(path);
            return new Built(
                    x -> network.forward(x, Tensor.of(new long[] {7}, Shape.of(1))), () -> network.tabulate(TIMESTEPS));
        });
    }

    static Stream<Subject> subjects() {
        var images = Shape.of(2, 8, 8, 8);
        return Stream.of(
                layer("Conv2d 3x3", images, p -> new Conv2d(p, 8, 4, Conv2d.Config.same(3))),
                layer("Conv2d 1x1", images, p -> new Conv2d(p, 8, 8, Conv2d.Config.same(1))),
                layer("Conv2d of one output", images, p -> new Conv2d(p, 8, 1, Conv2d.Config.same(3))),
                layer(
                        "Conv2d of one image",
                        Shape.of(1, 8, 8, 8),
                        p -> new Conv2d(p, 8, 4, new Conv2d.Config(3, 2, 1))),
                layer(
                        "Conv2d in groups",
                        images,
                        p -> new Conv2d(
                                p, 8, 4, Conv2d.Config.same(3).withGroups(4).withoutBias())),
                layer(
                        "Conv2d without bias",
                        images,
                        p -> new Conv2d(p, 8, 4, Conv2d.Config.same(3).withoutBias())),
                layer("Linear", Shape.of(3, 8), p -> new Linear(p, 8, 5)),
                layer("Linear without bias", Shape.of(3, 8), p -> Linear.withoutBias(p, 8, 5)),
                layer("LayerNorm", Shape.of(3, 8), p -> new LayerNorm(p, 8, 1e-5)),
                layer("MultiHeadAttention", Shape.of(2, 5, 8), p -> new MultiHeadAttention(p, 8, 2)),
                layer("UpConv2d", images, p -> new UpConv2d(p, 8, 4)),
                layer("GroupNorm", images, p -> new GroupNorm(p, 2, 8, 1e-5)),
                layer("AttentionBlock", images, p -> new AttentionBlock(p, 8, 2, 2, 1e-5)),
                layer("Resample.down", images, p -> Resample.down(p, 8, false)),
                layer("Resample.up", images, p -> Resample.up(p, 8)),
                network(new UNetMini.Config(3, 16, List.of(1, 2, 2), 32)),
                network(UNetConfig.of(1, 16, List.of(1, 2), 1, List.of(false, true), 8, 0)));
    }

    /** Linear layers of the time embedding are rounded otherwise where they are packed: float32 rounding. */
    @ParameterizedTest
    @MethodSource("subjects")
    void isThatOfThePlainLayer(Subject subject) {
        var expected = gradient(subject, Held.PLAIN);
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertTrue(largest > 0, "no gradient at all");
        for (var held : Held.values()) {
            assertArrayEquals(expected, gradient(subject, held), 1e-4f * largest, held.toString());
        }
    }

    /** Of the sum of squares of the result. */
    private static float[] gradient(Subject subject, Held held) {
        try (var params = new Params();
                var _ = TensorScope.open()) {
            var built = subject.builder().apply(params.root());
            var random = new Random(3);
            params.allocate(Device.CPU, DType.FLOAT32).initialise((_, target) -> {
                for (int i = 0; i < target.length; i++) {
                    target[i] = random.nextFloat();
                }
            });
            switch (held) {
                case PLAIN -> {}
                case TRAINABLE -> params.trainable();
                case FIXED -> params.fixed();
                case PREPARED -> {
                    params.fixed();
                    built.preparation().run();
                    // Sampling first, so that what is kept was made without a gradient in sight.
                    try (var _ = TensorScope.open();
                            var _ = GradMode.off()) {
                        built.forward().apply(input(subject));
                    }
                }
            }
            var x = input(subject).requiresGrad(true);
            var y = built.forward().apply(x);
            Ops.sum(y.mul(y)).backward();
            return x.grad().toFloats();
        }
    }

    private static Tensor input(Subject subject) {
        var random = new Random(5);
        var values = new float[(int) subject.input().numel()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return Tensor.of(values, subject.input());
    }
}
