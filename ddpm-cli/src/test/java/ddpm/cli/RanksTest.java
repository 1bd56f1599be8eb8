package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.TensorFiles;
import ddpm.train.Checkpoint;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several processes on this host, as torchrun starts them. */
class RanksTest {
    /** Far longer than anything here takes: a bound for what hangs, on a machine that is busy. */
    private static final long SECONDS = 300;

    @TempDir
    Path folder;

    /** Sums are rounded in another order; nothing else may differ. */
    @Test
    void ranksTrainWhatOneProcessDoes() throws Exception {
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        var one = Cli.run(train(pictures, "one", 6).toArray());
        assertEquals(0, one.status(), one.err());
        assertTrue(validation("one") > 0);
        for (var run : List.of("two", "again")) {
            var ended = ranks(2, _ -> train(pictures, run, 3));
            assertEquals(
                    folder.resolve(run + "/model.safetensors") + System.lineSeparator(),
                    ended.getFirst().out());
            assertEquals("", ended.getLast().out() + ended.getLast().err(), "rank 0 alone speaks");
            assertTrue(ended.getFirst().err().contains("% of the time in communication"), ended.toString());
        }
        assertArrayEquals(weights("two", 3), weights("again", 3));
        var resumed = ranks(3, _ -> {
            var args = new ArrayList<>(train(pictures, "two", 6));
            args.add("--verbose");
            return args;
        });
        assertTrue(
                Pattern.compile("in communication: rank 0 [0-9.]+%, rank 1 [0-9.]+%, rank 2 [0-9.]+%")
                        .matcher(resumed.getFirst().err())
                        .find(),
                resumed.toString());
        assertTrue(resumed.getFirst().err().contains("resuming at step 3 of 6"), resumed.toString());
        var expected = weights("one", 6);
        var actual = weights("two", 6);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], actual[i], 1e-6f, "weight " + i);
        }
        assertEquals(validation("one"), validation("two"), 1e-5, "of weights that differ by 1e-6");
    }

    @Test
    void aKilledRankEndsTheOthersInOneLine() throws Exception {
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        var processes = start(2, _ -> train(pictures, "run", 1_000_000));
        try {
            long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            while (Files.notExists(folder.resolve("run/checkpoints/step-00000003"))) {
                assertTrue(System.nanoTime() < until && processes.getFirst().isAlive(), "no checkpoint");
                Thread.sleep(20);
            }
            processes.getLast().toHandle().destroyForcibly();
            var left = end(processes.getFirst());
            assertEquals(1, left.status(), left.err());
            var said =
                    left.err().lines().filter(line -> line.startsWith("ddpm: ")).toList();
            assertEquals(1, said.size(), left.err());
            assertTrue(said.getFirst().contains("rank 1 on ") && said.getFirst().contains(" is lost"), left.err());
            assertEquals(said.getFirst(), left.err().lines().toList().getLast());
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        long newest = 0;
        try (var checkpoints = Files.list(folder.resolve("run/checkpoints"))) {
            for (var checkpoint : checkpoints.toList()) {
                newest = Math.max(newest, Checkpoint.open(checkpoint).step());
            }
        }
        var resumed = Cli.run(train(pictures, "run", newest + 1).toArray());
        assertEquals(0, resumed.status(), resumed.err());
        assertTrue(resumed.err().contains("resuming at step " + newest), resumed.err());
    }

    /** As a restarting launcher does it: whoever is left ends, and all are started again. {@code -Dddpm.kills=20} for more. */
    @Test
    void ranksThatAreKilledAndStartedAgainEndWithTheWeightsOfTheUndisturbed() throws Exception {
        int kills = Integer.getInteger("ddpm.kills", 2);
        long steps = 30L * (kills + 1);
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        ranks(2, _ -> train(pictures, "undisturbed", steps));
        long seed = System.nanoTime();
        var random = new Random(seed);
        for (int kill = 0; kill < kills; kill++) {
            long from = 30L * kill + 3 + random.nextInt(24);
            var processes = start(2, _ -> train(pictures, "killed", steps));
            try {
                awaitCheckpoint(from, processes.getFirst());
                Thread.sleep(random.nextInt(40));
                int victim = random.nextInt(2);
                processes.get(victim).toHandle().destroyForcibly();
                var left = end(processes.get(1 - victim));
                assertEquals(1, left.status(), "seed " + seed + ": " + left.err());
                assertTrue(left.err().contains("rank " + victim + " on "), "seed " + seed + ": " + left.err());
            } finally {
                processes.forEach(Process::destroyForcibly);
            }
        }
        ranks(2, _ -> train(pictures, "killed", steps));
        assertArrayEquals(weights("undisturbed", steps), weights("killed", steps), "seed " + seed);
        for (var file : List.of("model.safetensors", "checkpoints/%s/raw.safetensors".formatted(step(steps)))) {
            assertEquals(
                    -1,
                    Files.mismatch(
                            folder.resolve("undisturbed").resolve(file),
                            folder.resolve("killed").resolve(file)),
                    file + ", seed " + seed);
        }
    }

    private void awaitCheckpoint(long step, Process leader) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        var newer = folder.resolve("killed/checkpoints");
        while (true) {
            try (var checkpoints = Files.exists(newer) ? Files.list(newer) : Stream.<Path>empty()) {
                if (checkpoints.anyMatch(path -> path.getFileName().toString().compareTo(step(step)) >= 0
                        && path.getFileName().toString().startsWith("step-"))) {
                    return;
                }
            }
            assertTrue(leader.isAlive(), () -> "rank 0 has ended before step " + step);
            assertTrue(System.nanoTime() < until, "no checkpoint");
            Thread.sleep(5);
        }
    }

    private static String step(long step) {
        return "step-%08d".formatted(step);
    }

    @Test
    void aRankThatTrainsSomethingElseIsNamed() throws Exception {
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        var processes = start(2, rank -> {
            var args = new ArrayList<>(train(pictures, "run", 3));
            args.addAll(List.of("--lr", rank == 0 ? "0.001" : "0.002"));
            return args;
        });
        for (var process : processes) {
            var ended = end(process);
            assertEquals(1, ended.status(), ended.err());
            assertTrue(
                    ended.err().contains("rank 1 on ")
                            && ended.err()
                                    .contains("differs from rank 0: learningRate.rate is '0.002' there and '0.001'"),
                    ended.err());
        }
        assertTrue(Files.notExists(folder.resolve("run")), "nothing was begun");
    }

    @Test
    void halfSetVariablesAreNamedAndRanksOffIgnoresThem() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        for (var off : List.of(false, true)) {
            var args = new ArrayList<>(List.of("sample", "-m", model, "-n", "1", "-o", folder.resolve("a.png")));
            args.addAll(off ? List.of("--ranks", "off") : List.of());
            var process = Cli.process(List.of(), words(args));
            process.environment().put("RANK", "0");
            var ended = end(process.start());
            assertEquals(off ? 0 : 1, ended.status(), ended.err());
            assertTrue(off || ended.err().contains("WORLD_SIZE is not set"), ended.err());
        }
    }

    @Test
    void ranksDrawTheFolderOfOneProcess() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        assertEquals(0, Cli.run(sample(model, "1").toArray()).status());
        for (int size = 2; size <= 3; size++) {
            var name = Integer.toString(size);
            var ended = ranks(size, _ -> sample(model, name));
            assertTrue(ended.getFirst().out().contains("\"ranks\" : " + size), ended.toString());
            assertEquals("", ended.getLast().out());
            for (int i = 0; i < 7; i++) {
                assertArrayEquals(image("1", i), image(name, i), size + " ranks, image " + i);
            }
        }
    }

    /** Each image's noise has an address and each batch is one rank's: not a bit may differ. */
    @Test
    void ranksMeasureWhatOneProcessDoes() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        for (var what : List.of("evaluate", "compress")) {
            var args = new ArrayList<Object>(List.of(what));
            args.addAll(List.of("-m", model, "--data", pictures, "-n", 3, "--batch", 1, "--threads", 1, "--json"));
            var one = Cli.run(args.toArray());
            assertEquals(0, one.status(), one.err());
            var ended = ranks(2, _ -> args);
            assertEquals(one.out(), ended.getFirst().out(), what);
            assertEquals("", ended.getLast().out() + ended.getLast().err(), "rank 0 alone speaks");
        }
    }

    @Test
    void aRankThatMeasuresSomethingElseIsNamed() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        var pictures = Cli.threePictures(folder.resolve("pictures"));
        for (var process : start(
                2, rank -> List.of("evaluate", "-m", model, "--data", pictures, "--threads", 1, "--seed", rank))) {
            var ended = end(process);
            assertEquals(1, ended.status(), ended.err());
            assertTrue(ended.err().contains("differs from rank 0: --seed is '1' there and '0'"), ended.err());
        }
    }

    @Test
    void onlyMissingImagesAreDrawnAgain() throws Exception {
        var model = Cli.tinyModel(folder.resolve("tiny.safetensors"));
        assertEquals(0, Cli.run(sample(model, "a").toArray()).status());
        var lost = folder.resolve("a/image-000003.png");
        var before = Files.readAllBytes(lost);
        Files.delete(lost);
        Files.write(folder.resolve("a/image-000000.png"), new byte[] {1});
        var args = new ArrayList<>(sample(model, "a"));
        args.add("--skip-existing");
        var ended = Cli.run(args.toArray());
        assertEquals(0, ended.status(), ended.err());
        assertArrayEquals(before, Files.readAllBytes(lost));
        assertArrayEquals(new byte[] {1}, image("a", 0), "what is there stays");
        args.set(args.indexOf("--seed"), "--first");
        assertTrue(
                Cli.run(args.toArray()).err().contains("--seed is missing"), "another seed's images would join them");
    }

    private byte[] image(String name, int index) throws IOException {
        return Files.readAllBytes(folder.resolve(name + "/image-00000" + index + ".png"));
    }

    private List<Object> sample(Path model, String out) {
        return List.of(
                "sample",
                "-m",
                model,
                "-n",
                7,
                "--batch",
                2,
                "--threads",
                1,
                "--seed",
                3,
                "--json",
                "-o",
                folder + "/" + out + "/");
    }

    private List<Object> train(Path pictures, String out, long steps) {
        var args = new ArrayList<Object>(List.of("train", "--data", pictures, "--out", folder.resolve(out)));
        args.addAll(List.of("--channels", 1, "--size", "8x16", "--base", 8, "--multipliers", "1,2", "--res-blocks", 1));
        args.addAll(List.of("--batch", 3, "--sample-every", 0, "--schedule", "linear(20, 0.01, 0.4)", "--threads", 1));
        args.addAll(List.of("--validate", pictures));
        args.addAll(List.of("--attention", 8, "--checkpoint-every", 3, "--steps", steps));
        return args;
    }

    /** The error of the last validation. */
    private double validation(String run) throws IOException {
        var lines = Files.readAllLines(folder.resolve(run + "/metrics.jsonl"));
        var last = lines.stream()
                .filter(line -> line.contains("\"validation\""))
                .reduce((_, later) -> later)
                .orElseThrow();
        var json = JSON.std.mapFrom(last);
        assertEquals(3, json.get("images"), last);
        return ((Number) json.get("validation")).doubleValue();
    }

    private float[] weights(String run, long step) throws IOException {
        var tensors = TensorFiles.read(folder.resolve(run + "/checkpoints/" + step(step) + "/raw.safetensors"));
        var all = new float[0];
        for (var name : tensors.keySet().stream().sorted().toList()) {
            var data = tensors.get(name)
                    .data()
                    .duplicate()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .asFloatBuffer();
            int at = all.length;
            all = Arrays.copyOf(all, at + data.remaining());
            data.get(all, at, all.length - at);
        }
        return all;
    }

    private static List<String> words(List<?> args) {
        return args.stream().map(Object::toString).toList();
    }

    private static List<Cli> ranks(int size, IntFunction<List<Object>> args) throws Exception {
        var ended = new ArrayList<Cli>();
        for (var process : start(size, args)) {
            var one = end(process);
            assertEquals(0, one.status(), "rank " + ended.size() + ": " + one.err());
            ended.add(one);
        }
        return ended;
    }

    private static List<Process> start(int size, IntFunction<List<Object>> args) throws IOException {
        int port;
        try (var socket = new ServerSocket(0)) {
            port = socket.getLocalPort();
        }
        var processes = new ArrayList<Process>();
        for (int rank = 0; rank < size; rank++) {
            var process = Cli.process(List.of("-XX:TieredStopAtLevel=1"), words(args.apply(rank)));
            process.environment().put("RANK", Integer.toString(rank));
            process.environment().put("WORLD_SIZE", Integer.toString(size));
            process.environment().put("LOCAL_RANK", Integer.toString(rank));
            process.environment().put("LOCAL_WORLD_SIZE", Integer.toString(size));
            process.environment().put("MASTER_ADDR", "127.0.0.1");
            process.environment().put("MASTER_PORT", Integer.toString(port));
            processes.add(process.start());
        }
        return processes;
    }

    /** What a process prints fits the pipes' buffers. */
    private static Cli end(Process process) throws Exception {
        try {
            assertTrue(process.waitFor(SECONDS, TimeUnit.SECONDS), "it does not end");
            return new Cli(
                    process.exitValue(),
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8),
                    new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8));
        } finally {
            process.destroyForcibly();
        }
    }
}
