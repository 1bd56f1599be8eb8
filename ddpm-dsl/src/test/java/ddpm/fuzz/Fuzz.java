package ddpm.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Runs one target under Jazzer, which the profile {@code fuzz} brings; CONTRIBUTING has the command. */
public final class Fuzz {
    private static Target target;

    private Fuzz() {}

    /** @param args target, number of runs, folder of the corpus */
    public static void main(String[] args) throws Exception {
        target = Target.valueOf(args[0].toUpperCase(Locale.ROOT));
        var corpus = Files.createDirectories(Path.of(args[2]).resolve(args[0]));
        var seeds = target.seeds();
        for (int i = 0; i < seeds.size(); i++) {
            Files.write(corpus.resolve("seed" + i), Files.readAllBytes(seeds.get(i)));
        }
        var options = new ArrayList<>(List.of(
                "--target_class=" + Fuzz.class.getName(),
                "--instrumentation_includes=ddpm.**:com.twelvemonkeys.imageio.plugins.webp.**",
                "--custom_hook_includes=none",
                "--keep_going=3",
                "--reproducer_path=" + corpus.getParent(),
                "-artifact_prefix=" + corpus.getParent() + "/" + args[0] + "-",
                "-runs=" + args[1],
                "-timeout=" + (target == Target.HTTP ? 60 : 2),
                "-rss_limit_mb=1500",
                "-max_len=65536",
                "-print_final_stats=1"));
        options.add(corpus.toString());
        Class.forName("com.code_intelligence.jazzer.Jazzer") // of the profile's class path alone
                .getMethod("main", String[].class)
                .invoke(null, (Object) options.toArray(String[]::new));
    }

    /** Jazzer's entry. */
    public static void fuzzerTestOneInput(byte[] data) {
        try {
            target.parse(data);
        } catch (IOException documented) {
            return;
        }
    }
}
