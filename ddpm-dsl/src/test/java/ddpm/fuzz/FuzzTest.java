package ddpm.fuzz;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The short run: each target on its seeds and on what a seeded generator makes of them, the same in every build. */
@Execution(ExecutionMode.SAME_THREAD)
class FuzzTest {
    private static final int RUNS = 2000;

    @ParameterizedTest
    @EnumSource
    void parsersRefuseByDocumentedExceptionsAlone(Target target) {
        assertTimeoutPreemptively(Duration.ofMinutes(2), () -> run(target));
    }

    private static void run(Target target) throws IOException {
        var seeds = target.seeds();
        assertFalse(seeds.isEmpty(), "no seeds for " + target);
        var random = new Random(1);
        // Failures in vain are waited for between attempts: a few runs of the network take as long as all of the
        // others.
        int runs = target == Target.HTTP ? 0 : RUNS;
        for (var seed : seeds) {
            feed(target, Files.readAllBytes(seed));
        }
        for (int run = 0; run < runs; run++) {
            var data = Files.readAllBytes(seeds.get(random.nextInt(seeds.size())));
            int changes = 1 + random.nextInt(4);
            for (int change = 0; change < changes; change++) {
                data = changed(data, random);
            }
            feed(target, data);
        }
    }

    private static void feed(Target target, byte[] data) {
        try {
            target.parse(data);
        } catch (IOException documented) {
            return;
        }
    }

    private static byte[] changed(byte[] data, Random random) {
        if (data.length == 0) {
            return new byte[] {(byte) random.nextInt()};
        }
        int at = random.nextInt(data.length);
        int length = Math.min(1 + random.nextInt(16), data.length - at);
        switch (random.nextInt(5)) {
            case 0 -> data[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> data[at] = (byte) random.nextInt();
            case 2 -> Arrays.fill(data, at, at + length, (byte) (random.nextBoolean() ? 0xff : 0));
            case 3 -> {
                return Arrays.copyOf(data, at); // cut short
            }
            default -> { // a piece of it said twice
                var longer = Arrays.copyOf(data, data.length + length);
                System.arraycopy(data, at, longer, at + length, data.length - at);
                return longer;
            }
        }
        return data;
    }
}
