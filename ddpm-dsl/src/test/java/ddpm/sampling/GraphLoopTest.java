package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.diffusion.Variance;
import ddpm.nn.Params;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The reverse process and the loop over it, recorded and launched by a fake on the CPU, against the eager sampler. */
class GraphLoopTest {
    private static final Shape SHAPE = Shape.of(3, 3, 8, 8);
    private static final int STEPS = 10;
    private static final Diffusion CHAIN = new Diffusion(BetaSchedule.ho2020()).respaced(Timesteps.even(1000, STEPS));
    private static final Noise NOISE = Noise.seed(23);
    private static final Route WHOLE = Route.down(STEPS - 1, 0);

    /** The notebook's network in small; its random weights make outputs that depend on every input. */
    private static <T> T withModel(java.util.function.Function<Denoiser, T> use) {
        try (var params = new Params()) {
            var network = new UNetMini(params.root(), new UNetMini.Config(3, 8, List.of(1, 2, 2), 16));
            params.allocate(Device.CPU, DType.FLOAT32);
            params.initialise(
                    (parameter, target) -> NOISE.uniforms(Noise.Domain.INIT, parameter, 0, target, 0, target.length));
            return use.apply(network::forward);
        }
    }

    private static Stream<Sampler> samplers() {
        return Stream.of(
                        Sampler.ancestral(CHAIN, Variance.FIXED_LARGE),
                        Sampler.notebook(CHAIN),
                        Sampler.ddim(CHAIN, 0),
                        Sampler.ddim(CHAIN, 1).withClip(Clip.NONE),
                        Sampler.dpmSolver(CHAIN))
                .map(sampler -> sampler.withThreads(1).withFirstImage(5));
    }

    /** Every sampler with every way to launch; 10 steps are no multiple of 3, 4 or 7. */
    private static Stream<Arguments> runs() {
        var ways = List.of(
                GraphSteps.NONE,
                GraphSteps.of(1),
                GraphSteps.of(3),
                GraphSteps.of(4),
                GraphSteps.of(7),
                GraphSteps.of(9),
                GraphSteps.of(500),
                GraphSteps.AUTO);
        return samplers().flatMap(sampler -> ways.stream().map(way -> Arguments.of(sampler, way)));
    }

    private static BatchNoise drawn(Sampler sampler, Sampler.Addresses addresses) {
        return new BatchNoise(NOISE, SHAPE, addresses, sampler.firstImage());
    }

    private static StepCount silent() {
        return new StepCount(STEPS, (_, _) -> {});
    }

    /** The graphs' way on the CPU, noise from a tape. */
    private static List<float[]> recorded(
            Sampler sampler, Denoiser model, RecordedLauncher launcher, Sampler.Addresses addresses) {
        var noise = drawn(sampler, addresses);
        return new GraphWalk(sampler, WHOLE, model, noise, Device.CPU)
                .run(launcher, null, noise.normals(Noise.Domain.INITIAL, 0), silent());
    }

    @ParameterizedTest
    @MethodSource("runs")
    void recordedStepsGiveTheEagerSamplersBits(Sampler sampler, GraphSteps way) {
        withModel(model -> {
            try (var _ = TensorScope.open()) {
                var eager = sampler.sample(model, SHAPE, NOISE).toFloats();
                var launcher = new RecordedLauncher(1000);
                var images = recorded(sampler.withGraphSteps(way), model, launcher, Sampler.Addresses.EACH);
                assertArrayEquals(eager, images.getLast());
            }
            return null;
        });
    }

    @Test
    void sharedNoiseGivesTheEagerSamplersBits() {
        var sampler = Sampler.ancestral(CHAIN, Variance.FIXED_SMALL).withThreads(1);
        withModel(model -> {
            try (var _ = TensorScope.open()) {
                var start = Tensor.of(drawn(sampler, Sampler.Addresses.EACH).normals(Noise.Domain.INITIAL, 0), SHAPE);
                var eager = sampler.denoise(model, start, 6, NOISE, Sampler.Addresses.SHARED, Device.CPU);
                var images = new GraphWalk(
                                sampler.withGraphSteps(GraphSteps.of(2)),
                                Route.down(6, 0),
                                model,
                                drawn(sampler, Sampler.Addresses.SHARED),
                                Device.CPU)
                        .run(new RecordedLauncher(1), null, start.toFloats(), silent());
                assertArrayEquals(eager.images().toFloats(), images.getLast());
            }
            return null;
        });
    }

    @Test
    void aWalkThatStopsOnTheWayGivesTheEagerSamplersState() {
        var sampler = Sampler.ancestral(CHAIN, Variance.FIXED_LARGE).withThreads(1);
        withModel(model -> {
            try (var _ = TensorScope.open()) {
                for (int stop : new int[] {1, 4, STEPS}) { // STEPS: nothing is walked
                    var eager = sampler.latent(model, SHAPE, NOISE, stop - 1, Device.CPU);
                    var notes = new ArrayList<String>();
                    var count = new StepCount(STEPS, new Sampler.Progress() {
                        @Override
                        public void steps(long done, long of) {}

                        @Override
                        public void note(String line) {
                            notes.add(line);
                        }
                    });
                    var noise = drawn(sampler, Sampler.Addresses.EACH);
                    var state = new GraphWalk(
                                    sampler.withGraphSteps(GraphSteps.ALL),
                                    Route.down(STEPS - 1, stop),
                                    model,
                                    noise,
                                    Device.CPU)
                            .run(
                                    new RecordedLauncher(2000).withLoops(),
                                    null,
                                    noise.normals(Noise.Domain.INITIAL, 0),
                                    count);
                    assertArrayEquals(eager.toFloats(), state.getLast());
                    assertEquals(stop == STEPS ? 0 : 1, notes.size(), notes.toString());
                }
            }
            return null;
        });
    }

    @Test
    void framesAreTheEagerSamplers() {
        for (var frames : Sampler.Frames.values()) {
            var sampler = Sampler.ancestral(CHAIN, Variance.FIXED_LARGE)
                    .withThreads(1)
                    .withTrajectory(4, frames);
            withModel(model -> {
                try (var _ = TensorScope.open()) {
                    var eager = sampler.sample(model, SHAPE, NOISE, Device.CPU);
                    var states = recorded(sampler, model, new RecordedLauncher(1), Sampler.Addresses.EACH);
                    assertEquals(5, states.size());
                    for (int i = 0; i < 4; i++) {
                        assertArrayEquals(eager.trajectory().get(i).toFloats(), states.get(i));
                    }
                    assertArrayEquals(eager.images().toFloats(), states.getLast());
                }
                return null;
            });
        }
    }

    // ---- The three states, on a process whose steps only count ------------------------------------------------------

    /** A process of a model that says nothing, and a loop over it. */
    private static void withLoop(
            GraphSteps way,
            RecordedLauncher launcher,
            boolean loops,
            java.util.function.BiConsumer<GraphLoop, Told> use) {
        var told = new Told(new ArrayList<>(), new ArrayList<>());
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ddim(CHAIN, 0).withThreads(1);
            var tape = new NoiseTape(drawn(sampler, Sampler.Addresses.EACH), Device.CPU);
            var process = new ReverseProcess(sampler, WHOLE, (x, _) -> x, SHAPE, tape, Device.CPU);
            process.start(new float[Math.toIntExact(SHAPE.numel())]);
            try (var loop = new GraphLoop(
                    new RecordedSteps(
                            process,
                            process::stepDown,
                            loops
                                    ? (index, condition) -> {
                                        assertEquals(RecordedLauncher.CONDITION, condition);
                                        process.stepDown(index);
                                        launcher.condition = index.toLongs()[0] >= 0;
                                    }
                                    : null),
                    launcher,
                    way,
                    told.notes()::add)) {
                use.accept(loop, told);
                assertEquals(-1, process.index().toLongs()[0], "every step was made once");
            }
        }
    }

    private record Told(List<String> notes, List<Long> progress) {
        StepCount count() {
            return new StepCount(STEPS, (done, _) -> progress.add(done));
        }
    }

    @Test
    void itRecordsOnceAndLaunchesTheRest() {
        var launcher = new RecordedLauncher(1);
        withLoop(GraphSteps.of(4), launcher, false, (loop, told) -> {
            assertEquals(GraphLoop.State.EAGER, loop.state());
            loop.walk(STEPS, told.count(), _ -> {});
            assertEquals(GraphLoop.State.REPLAYED, loop.state());
            // One step warms up, one more does not fill a launch, then twice four.
            assertEquals(List.of(1L, 2L, 6L, 10L), told.progress());
        });
        assertEquals(
                List.of(
                        "record steps",
                        "mark",
                        "launch",
                        "set",
                        "mark",
                        "launch",
                        "set",
                        "await",
                        "await",
                        "close mark",
                        "close mark",
                        "close steps"),
                launcher.diary);
    }

    @Test
    void noMoreThanTwoLaunchesWait() {
        var launcher = new RecordedLauncher(1);
        withLoop(GraphSteps.of(1), launcher, false, (loop, told) -> loop.walk(STEPS, told.count(), _ -> {}));
        assertEquals(9, launcher.count("launch"));
        int waiting = 0;
        for (var entry : launcher.diary) {
            waiting += entry.equals("launch") ? 1 : entry.equals("await") ? -1 : 0;
            assertTrue(waiting <= GraphLoop.AHEAD, launcher.diary.toString());
        }
        assertEquals(0, waiting);
    }

    @Test
    void aSecondWalkUsesTheRecordingAtOnce() {
        var launcher = new RecordedLauncher(1);
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ddim(CHAIN, 0).withThreads(1);
            var tape = new NoiseTape(drawn(sampler, Sampler.Addresses.EACH), Device.CPU);
            var process = new ReverseProcess(sampler, WHOLE, (x, _) -> x, SHAPE, tape, Device.CPU);
            var start = new float[Math.toIntExact(SHAPE.numel())];
            java.util.Arrays.fill(start, 0.5f);
            try (var loop = new GraphLoop(
                    new RecordedSteps(process, process::stepDown, null), launcher, GraphSteps.of(5), _ -> {})) {
                process.start(start);
                loop.walk(STEPS, silent(), _ -> {});
                var first = process.x();
                assertEquals(1, launcher.count("launch"));
                process.start(start);
                loop.walk(STEPS, silent(), _ -> {});
                assertArrayEquals(first, process.x());
                assertEquals(3, launcher.count("launch"));
                process.start(start);
                process.index().fill(2); // too few for a launch
                loop.walk(3, new StepCount(3, (_, _) -> {}), _ -> {});
            }
        }
        assertEquals(1, launcher.count("record steps"));
        assertEquals(3, launcher.count("launch"));
    }

    @Test
    void theNumberOfStepsKeepsToTheBudgetOfNodes() {
        var launcher = new RecordedLauncher(GraphLoop.NODE_BUDGET / 3);
        withLoop(GraphSteps.AUTO, launcher, false, (loop, told) -> {
            loop.walk(STEPS, told.count(), _ -> {});
            assertEquals(List.of(1L, 4L, 7L, 10L), told.progress());
        });
        assertEquals(List.of("record steps", "close steps", "record steps"), launcher.diary.subList(0, 3));
    }

    @Test
    void aModelLargerThanTheBudgetIsLaunchedStepByStepFromOneRecording() {
        var launcher = new RecordedLauncher(GraphLoop.NODE_BUDGET + 1);
        withLoop(GraphSteps.AUTO, launcher, false, (loop, told) -> loop.walk(STEPS, told.count(), _ -> {}));
        assertEquals(1, launcher.count("record steps"));
        assertEquals(9, launcher.count("launch"));
    }

    @Test
    void theWholeLoopIsOneLaunch() {
        var launcher = new RecordedLauncher(1).withLoops();
        withLoop(GraphSteps.ALL, launcher, true, (loop, told) -> {
            loop.walk(STEPS, told.count(), _ -> {});
            assertEquals(List.of(), told.notes());
            assertEquals(10L, told.progress().getLast());
        });
        assertEquals(1, launcher.count("record loop"));
        assertEquals(1, launcher.count("launch"));
    }

    /** A whole loop that runs beside us, in steps of some milliseconds, until we interrupt it. */
    @Test
    void anInterruptEndsTheWholeLoopEarlyAndProgressIsReadBesideIt() {
        var launcher = new RecordedLauncher(1).withLoops().asynchronously();
        int steps = 1000;
        var chain = new Diffusion(BetaSchedule.ho2020());
        var made = new java.util.concurrent.atomic.AtomicInteger();
        try (var _ = TensorScope.open()) {
            var sampler = Sampler.ddim(chain, 0).withThreads(1);
            var tape = new NoiseTape(drawn(sampler, Sampler.Addresses.EACH), Device.CPU);
            Denoiser slow = (x, _) -> {
                made.incrementAndGet();
                java.util.concurrent.locks.LockSupport.parkNanos(3_000_000);
                return x;
            };
            var process = new ReverseProcess(sampler, Route.down(steps - 1, 0), slow, SHAPE, tape, Device.CPU);
            process.start(new float[Math.toIntExact(SHAPE.numel())]);
            var seen = new ArrayList<Long>();
            var count = new StepCount(steps, (done, _) -> {
                seen.add(done);
                if (done >= 20) {
                    Thread.currentThread().interrupt();
                }
            });
            try (var loop = new GraphLoop(
                    new RecordedSteps(process, process::stepDown, (index, _) -> {
                        // As the kernel: one reading decides, whatever an interrupt writes meanwhile.
                        long next = index.toLongs()[0] - 1;
                        index.fill(next);
                        launcher.condition = next >= 0;
                    }),
                    launcher,
                    GraphSteps.ALL,
                    _ -> {})) {
                assertThrows(CancellationException.class, () -> loop.walk(steps, count, _ -> {}));
                assertTrue(Thread.interrupted());
            }
            // -1, or 0 where the interrupt wrote its last step just after the loop had ended.
            assertTrue(process.index().toLongs()[0] <= 0, "the loop has ended");
            assertTrue(made.get() >= 20 && made.get() < steps, made + " steps were made");
            for (int i = 1; i < seen.size(); i++) {
                assertTrue(seen.get(i) > seen.get(i - 1), seen.toString());
            }
        }
    }

    @Test
    void withoutLoopsItSaysWhyAndLaunchesParts() {
        var launcher = new RecordedLauncher(1);
        withLoop(GraphSteps.ALL, launcher, true, (loop, told) -> {
            loop.walk(STEPS, told.count(), _ -> {});
            assertEquals(
                    List.of("the loop is launched in parts, not as a whole: this fake has no loops"), told.notes());
        });
        assertTrue(launcher.count("launch") > 0);
        assertEquals(0, launcher.count("record loop"));
    }

    @Test
    void hostNoiseCannotBeLoopedOver() {
        withLoop(GraphSteps.ALL, new RecordedLauncher(1).withLoops(), false, (loop, told) -> {
            loop.walk(STEPS, told.count(), _ -> {});
            assertTrue(told.notes().getFirst().endsWith("the noise is not made on the device"), told.toString());
        });
    }

    @Test
    void whatCannotBeRecordedRunsStepByStepAndSaysWhich() {
        var launcher = new RecordedLauncher(1).refusing();
        withLoop(GraphSteps.AUTO, launcher, false, (loop, told) -> {
            loop.walk(STEPS, told.count(), _ -> {});
            assertEquals(GraphLoop.State.EAGER, loop.state());
            assertEquals(
                    List.of(
                            "steps run one by one, for they cannot be recorded: operator aten::nonzero broke the capture"),
                    told.notes());
        });
        assertEquals(List.of("record steps"), launcher.diary);
    }

    @Test
    void askedForByNumberWhatCannotBeRecordedIsAnErrorAndTheLoopGoesOnWhereItStood() {
        var launcher = new RecordedLauncher(1).refusing();
        withLoop(GraphSteps.of(3), launcher, false, (loop, told) -> {
            var e = assertThrows(TorchException.class, () -> loop.walk(STEPS, told.count(), _ -> {}));
            assertTrue(e.getMessage().contains("aten::nonzero"), e.getMessage());
            assertEquals(GraphLoop.State.EAGER, loop.state());
            // The first step is made; the others are walked from there once recording works.
            launcher.accepting();
            loop.walk(STEPS - 1, told.count(), _ -> {});
            assertEquals(GraphLoop.State.REPLAYED, loop.state());
        });
    }

    @Test
    void anInterruptIsHeardBetweenLaunches() {
        var launcher = new RecordedLauncher(1);
        withLoop(GraphSteps.of(2), launcher, false, (loop, told) -> {
            var e = assertThrows(
                    CancellationException.class,
                    () -> loop.walk(STEPS, told.count(), queued -> {
                        if (queued >= 4) {
                            Thread.currentThread().interrupt();
                        }
                    }));
            assertTrue(Thread.interrupted());
            assertTrue(e.getMessage().contains("interrupted"), e.getMessage());
            assertTrue(launcher.count("launch") < 4, launcher.diary.toString());
            assertEquals(launcher.count("mark"), launcher.count("close mark"));
            loop.walk(6, told.count(), _ -> {}); // of the two launches, one was made: steps 9, 8 eagerly, then 7, 6
        });
    }

    @Test
    void aClosedLoopRefuses() {
        withLoop(GraphSteps.of(2), new RecordedLauncher(1), false, (loop, told) -> {
            loop.walk(STEPS, told.count(), _ -> {});
            loop.close();
            assertEquals(GraphLoop.State.CLOSED, loop.state());
            assertThrows(IllegalStateException.class, () -> loop.walk(STEPS, told.count(), _ -> {}));
        });
    }

    @Test
    void stepsPerLaunchAreReadAndCheckedByName() {
        assertEquals(GraphSteps.AUTO, GraphSteps.parse("auto"));
        assertEquals(GraphSteps.NONE, GraphSteps.parse("none"));
        assertEquals(GraphSteps.ALL, GraphSteps.parse("all"));
        assertEquals(GraphSteps.of(16), GraphSteps.parse("16"));
        for (var wrong : List.of("", "0", "-1", "1e3", "eight", "1000000", "AUTO")) {
            var e = assertThrows(IllegalArgumentException.class, () -> GraphSteps.parse(wrong));
            assertTrue(e.getMessage().contains("'" + wrong + "'"), e.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> GraphSteps.of(0));
    }
}
