package ddpm.fuzz;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

/** Runs one target under Jazzer, which the profile {@code fuzz} brings; CONTRIBUTING has the command. */
public final class Fuzz {
    private static Target target;

    private Fuzz() {}

    /** @param args target, or {@code all} to have each input's first byte choose; number of runs; folder of the corpus */
    public static void main(String[] args) throws Exception {
        boolean all = args[0].equals("all");
        target = all ? null : Target.valueOf(args[0].toUpperCase(Locale.ROOT));
        var corpus = Files.createDirectories(Path.of(args[2]).resolve(args[0]));
        for (var one : all ? EnumSet.complementOf(EnumSet.of(Target.HTTP)) : EnumSet.of(target)) {
            var seeds = one.seeds();
            for (int i = 0; i < seeds.size(); i++) {
                var seed = Files.readAllBytes(seeds.get(i));
                var chosen = ByteBuffer.allocate(1 + seed.length)
                        .put((byte) one.ordinal())
                        .put(seed);
                Files.write(corpus.resolve(one + "-seed" + i), all ? chosen.array() : seed);
            }
        }
        var options = List.of(
                "--target_class=" + Fuzz.class.getName(),
                "--instrumentation_includes=ddpm.**:com.twelvemonkeys.imageio.plugins.webp.**",
                "--custom_hook_includes=none",
                "--keep_going=3",
                "--reproducer_path=" + corpus.getParent(),
                "-artifact_prefix=" + corpus.getParent() + "/" + args[0] + "-",
                "-runs=" + args[1],
                "-timeout=60",
                "-report_slow_units=2",
                "-rss_limit_mb=1500",
                "-max_len=65536",
                "-print_final_stats=1",
                corpus.toString());
        Class.forName("com.code_intelligence.jazzer.Jazzer") // of the profile's class path alone
                .getMethod("main", String[].class)
                .invoke(null, (Object) options.toArray(String[]::new));
    }

    /** Jazzer's entry. */
    public static void fuzzerTestOneInput(byte[] data) {
        try {
            if (target != null) {
                target.parse(data);
            } else if (data.length > 0) {
                var targets = Target.values();
                targets[Byte.toUnsignedInt(data[0]) % Target.HTTP.ordinal()].parse(
                        Arrays.copyOfRange(data, 1, data.length));
            }
        } catch (IOException documented) {
            return;
        }
    }
}
