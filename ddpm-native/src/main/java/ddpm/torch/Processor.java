package ddpm.torch;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** What this machine's processor can do, beside what libtorch tells of it. */
public final class Processor {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");
    private static final Set<String> BFLOAT16 = Set.of("avx512_bf16", "amx_bf16");

    private Processor() {}

    /**
     * Whether it has instructions for products of bfloat16 that libtorch uses: x86 with AVX512_BF16 or AMX, on Linux. Others
     * emulate them, slower than float32.
     */
    public static boolean multipliesBfloat16() {
        try (var lines = Files.lines(CPUINFO)) {
            return hasBfloat16(lines);
        } catch (IOException | UncheckedIOException e) {
            return false; // another system, which has no such file
        }
    }

    static boolean hasBfloat16(Stream<String> cpuinfo) {
        return cpuinfo.filter(line -> line.startsWith("flags"))
                .limit(1)
                .flatMap(line -> Stream.of(line.split("\\s+")))
                .anyMatch(BFLOAT16::contains);
    }
}
