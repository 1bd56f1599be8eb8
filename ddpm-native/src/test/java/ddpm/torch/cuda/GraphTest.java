package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Streams, events and graphs, call by call, on a stand-in for libcudart. */
class GraphTest {
    private static final Device CUDA1 = Device.cuda(1);

    @TempDir
    private Path folder;

    private FakeCudart fake;

    @BeforeEach
    void compile() throws Exception {
        fake = new FakeCudart(folder);
    }

    private Stream open() {
        return Stream.open(fake.cuda, fake.torch(), CUDA1);
    }

    @Test
    void aStreamIsMadeOnItsDeviceAndWaitsForTheCurrentOne() {
        try (var stream = open()) {
            assertEquals(
                    List.of(
                            "stream 100 flags 1 device 1",
                            "event flags 2",
                            "record 7 on 0",
                            "stream 100 waits for event 7 flags 0",
                            "destroy event 7"),
                    fake.diary());
            assertEquals(0, fake.cuda.device(), "the current device is what it was");
            assertFalse(stream.isIdle());
            try (var _ = stream.use()) {
                assertEquals(List.of(0L, 100L), fake.current);
            }
            assertEquals(List.of(0L), fake.current);
        }
    }

    @Test
    void closedStreamsServeAgainAndAreNeverDestroyed() {
        long first;
        try (var stream = open();
                var other = open()) {
            first = stream.address();
            assertTrue(first != other.address(), "one user at a time");
        }
        fake.diary();
        for (int i = 0; i < 20; i++) {
            open().close();
        }
        var diary = fake.diary();
        assertTrue(
                diary.stream().noneMatch(line -> line.startsWith("stream 10") && line.contains("flags 1")),
                diary.toString());
        assertTrue(diary.stream().noneMatch(line -> line.startsWith("destroy stream")), diary.toString());
        try (var again = open()) {
            assertEquals(first, again.address());
        }
    }

    @Test
    void aClosedStreamRefuses() {
        var stream = open();
        stream.close();
        stream.close();
        assertThrows(IllegalStateException.class, stream::synchronize);
        assertThrows(IllegalStateException.class, stream::use);
    }

    @Test
    void aCaptureIsThreadLocalOnTheStreamAndLaunchesTheWhole() {
        try (var stream = open()) {
            fake.diary();
            var ran = new int[1];
            try (var graph = Graph.capture(stream, () -> {
                ran[0]++;
                assertEquals(100L, fake.current.getLast(), "the work goes to the captured stream");
            })) {
                assertEquals(37, graph.nodes());
                assertEquals(
                        List.of(
                                "synchronize 100",
                                "begin 100 mode 1",
                                "end 100",
                                "instantiate 500 flags 0",
                                "destroy graph 500"),
                        fake.diary());
                graph.launch();
                graph.launch();
                assertEquals(List.of("launch 1500 on 100", "launch 1500 on 100"), fake.diary());
                assertEquals(1, ran[0]);
            }
            assertEquals(List.of("synchronize 100", "destroy executable 1500"), fake.diary());
            assertEquals(List.of(0L), fake.current);
        }
    }

    @Test
    void theOperatorThatBreaksACaptureIsNamedAndTheStreamWorksOn() {
        try (var _ = TensorScope.open();
                var stream = open()) {
            var x = Tensor.scalar(1);
            var e = assertThrows(
                    TorchException.class,
                    () -> Graph.capture(stream, () -> {
                        Ops.exp(x);
                        fake.breakCapture();
                        Ops.sin(x);
                        Ops.cos(x);
                    }));
            assertTrue(e.getMessage().startsWith("operator aten::sin broke the capture"), e.getMessage());
            var ended = assertInstanceOf(CudaException.class, e.getSuppressed()[0]);
            assertEquals("cudaErrorStreamCaptureInvalidated", ended.name());
            assertEquals(0, fake.cuda.captureStatus(stream.address()), "the capture is ended");
            assertEquals(List.of(0L), fake.current);
            Graph.capture(stream, () -> {}).close();
        }
    }

    @Test
    void anExceptionOfTheWorkEndsTheCaptureAndFreesThePart() {
        try (var stream = open()) {
            fake.diary();
            var e = assertThrows(
                    IllegalArgumentException.class,
                    () -> Graph.capture(stream, () -> {
                        throw new IllegalArgumentException("a shape that is wrong");
                    }));
            assertEquals("a shape that is wrong", e.getMessage());
            assertEquals(List.of("synchronize 100", "begin 100 mode 1", "end 100", "destroy graph 500"), fake.diary());
            assertEquals(List.of(0L), fake.current);
        }
    }

    @Test
    void aGraphThatCannotBeInstantiatedLeavesNothing() {
        try (var stream = open()) {
            fake.failInstantiations(true);
            fake.diary();
            assertThrows(CudaException.class, () -> Graph.capture(stream, () -> {}));
            assertTrue(fake.diary().contains("destroy graph 500"));
            fake.failInstantiations(false);
            Graph.capture(stream, () -> {}).close();
        }
    }

    @Test
    void aLoopIsAWhileNodeWhoseBodyIsCaptured() {
        try (var stream = open()) {
            assertTrue(Graph.whyNoLoop(stream).isEmpty());
            fake.diary();
            var condition = new long[1];
            try (var loop = Graph.captureLoop(stream, handle -> condition[0] = handle)) {
                assertEquals(0x123456789abcL, condition[0]);
                assertEquals(
                        List.of(
                                "synchronize 100",
                                "graph 500 flags 0",
                                "condition of 500 value 1 flags 1",
                                "node in 500 dependencies (nil) (nil) 0 type 13 handle 123456789abc kind 1 size 1",
                                "begin 100 into 900 dependencies (nil) (nil) 0 mode 1",
                                "end 100",
                                "instantiate 500 flags 0"),
                        fake.diary());
                loop.launch();
                assertEquals(List.of("launch 1500 on 100"), fake.diary());
            }
            assertEquals(List.of("synchronize 100", "destroy executable 1500", "destroy graph 500"), fake.diary());
        }
    }

    @Test
    void aLoopWhoseBodyBreaksIsLeftToTheProcess() {
        try (var stream = open()) {
            fake.diary();
            assertThrows(TorchException.class, () -> Graph.captureLoop(stream, _ -> fake.breakCapture()));
            var diary = fake.diary();
            assertTrue(diary.contains("end 100"), diary.toString());
            assertTrue(diary.stream().noneMatch(line -> line.startsWith("destroy")), diary.toString());
            Graph.capture(stream, () -> {}).close();
        }
    }

    @Test
    void aClosedGraphRefuses() {
        try (var stream = open()) {
            var graph = Graph.capture(stream, () -> {});
            graph.close();
            graph.close();
            assertThrows(IllegalStateException.class, graph::launch);
        }
    }

    @Test
    void eventsMarkAPlaceInTheStream() {
        try (var stream = open()) {
            fake.diary();
            try (var event = Event.of(stream)) {
                event.record(stream);
                assertTrue(event.isDone());
                event.synchronize();
            }
            assertEquals(List.of("event flags 3", "record 7 on 100", "await 7", "destroy event 7"), fake.diary());
        }
    }

    @Test
    void devicesAreListedWithTheirNames() {
        var status = CudaStatus.of(fake.cuda);
        assertTrue(status.isReady());
        assertEquals(List.of(new CudaDevice(0, "Fake 0", 9, 0), new CudaDevice(1, "Fake 1", 10, 0)), status.devices());
        assertTrue(status.finding().contains("cuda:1 Fake 1 (compute capability 10.0)"), status.finding());
    }

    @Test
    void memoryIsThatOfTheCurrentDevice() {
        try (var _ = CurrentDevice.set(fake.cuda, CUDA1)) {
            assertEquals(
                    List.of(11L, 20L), List.of(fake.cuda.memory()[0], fake.cuda.memory()[1]));
        }
        assertEquals(10, fake.cuda.memory()[0]);
    }
}
