package ddpm.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ddpm.diffusion.Noise;
import ddpm.diffusion.Noise.Domain;
import ddpm.torch.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The kernels that ship, without a GPU: their arithmetic compiled for the CPU, the PTX itself interpreted, and both
 * resources rebuilt where the compiler is.
 */
class KernelsTest {
    private static final Path SOURCES =
            Path.of(System.getProperty("ddpm.root", ".."), "ddpm-native", "src", "main", "cuda");

    /** From the authors' kat_vectors of Random123 1.14: key, counter, result. */
    private static final String[][] KNOWN = {
        {"0", "0 0 0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"},
        {"ffffffffffffffff", "ffffffff ffffffff ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"},
        {"299f31d0a4093822", "243f6a88 85a308d3 13198a2e 03707344", "d16cfe09 94fdcceb 5001e420 24126ea1"},
    };

    @Test
    void theKernelsArithmeticGivesPhiloxsKnownAnswers(@TempDir Path folder) throws Exception {
        var input = new StringBuilder();
        for (var known : KNOWN) {
            input.append("philox ")
                    .append(known[0])
                    .append(' ')
                    .append(known[1])
                    .append('\n');
        }
        assertEquals(
                Arrays.stream(KNOWN).map(known -> known[2]).toList(),
                host(folder).run(folder, input.toString(), List.of()).lines().toList());
    }

    /** Bits, though 2 ulp were allowed: the arithmetic is fixed by IEEE 754 once nothing is contracted. */
    @Test
    void theKernelsArithmeticGivesJavasNormalsBitForBit(@TempDir Path folder) throws Exception {
        var random = new SplittableRandom(5);
        var input = new StringBuilder();
        var expected = new ArrayList<String>();
        for (int i = 0; i < 20_000; i++) {
            long seed = random.nextLong();
            var domain = Domain.values()[random.nextInt(Domain.values().length)];
            long image = random.nextLong(Noise.MAX_IMAGES) >>> random.nextInt(56);
            int step = random.nextInt(Integer.MAX_VALUE) >>> random.nextInt(31);
            int block = random.nextInt(64);
            input.append("normals %x %x %x %x %x%n".formatted(seed, domain.code(), image, step, block));
            var all = Noise.seed(seed).normals(domain, image, step, 4 * block + 4);
            expected.add(hex(Arrays.copyOfRange(all, 4 * block, 4 * block + 4)));
        }
        assertEquals(
                expected,
                host(folder).run(folder, input.toString(), List.of()).lines().toList());
    }

    /** The compiled header; an assumption that names its reason where no C++ compiler is. */
    private static Tool host(Path folder) throws IOException, InterruptedException {
        var compiler = Tool.find("g++", "clang++", "c++");
        assumeTrue(
                compiler.isPresent(), "no g++, clang++ or c++ on PATH to compile the kernels' arithmetic for the CPU");
        var source = folder.resolve("noise_host.cpp");
        try (var in = KernelsTest.class.getResourceAsStream("/cuda/noise_host.cpp")) {
            Files.write(source, in.readAllBytes());
        }
        var program = folder.resolve("noise_host");
        compiler.get()
                .run(
                        folder,
                        "",
                        List.of(
                                "-std=c++17",
                                "-O2",
                                "-Wall",
                                "-Werror",
                                "-ffp-contract=off",
                                "-I" + SOURCES.toAbsolutePath(),
                                "-o",
                                program.toString(),
                                source.toString()));
        return new Tool(program);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 0, 2, 12, 0", // x_T of two images
        "7, 13, 500, 3, 17, 1", // an odd image: the last block is cut
        "-1, 72057594037927900, 2147483647, 5, 1, 8", // the far corner of the addresses
        "81985529216486895, 4294967295, 999, 2, 66, 1", // images either side of 2^32
    })
    void thePtxThatShipsComputesJavasNormalsBitForBit(
            long seed, long firstImage, int step, int images, int perImage, int domain) throws IOException {
        int at = 16; // the counter lies before the output, and a guard on either side of it
        var memory = ByteBuffer.allocate(at + 4 * images * perImage + 8).order(ByteOrder.LITTLE_ENDIAN);
        memory.putLong(0, step).putLong(at + 4 * images * perImage, 0x5A5A5A5A5A5A5A5AL);
        var ptx = new Ptx(resource("noise.ptx"));
        int blocks = 2;
        int threads = 3; // fewer than there are Philox blocks: the grid strides
        for (int block = 0; block < blocks; block++) {
            for (int thread = 0; thread < threads; thread++) {
                ptx.run(
                        "ddpm_normals",
                        place(block, blocks, thread, threads),
                        memory,
                        at,
                        0,
                        seed,
                        firstImage,
                        images,
                        perImage,
                        domain);
            }
        }
        for (int image = 0; image < images; image++) {
            var expected = Noise.seed(seed).normals(Domain.values()[domain], firstImage + image, step, perImage);
            var actual = new float[perImage];
            for (int element = 0; element < perImage; element++) {
                actual[element] = memory.getFloat(at + 4 * (image * perImage + element));
            }
            assertEquals(hex(expected), hex(actual), "image " + image);
        }
        assertEquals(0x5A5A5A5A5A5A5A5AL, memory.getLong(at + 4 * images * perImage), "written past the end");
        assertEquals(step, memory.getLong(0));
    }

    @Test
    void thePtxThatShipsStepsDownOncePerLaunch() throws IOException {
        var memory = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, 1);
        var ptx = new Ptx(resource("noise.ptx"));
        for (long expected : new long[] {0, -1}) {
            for (int thread = 0; thread < 4; thread++) {
                ptx.run("ddpm_step_down", place(thread / 2, 2, thread % 2, 2), memory, 0);
            }
            assertEquals(expected, memory.getLong(0));
        }
    }

    private static Map<String, Long> place(long block, long blocks, long thread, long threads) {
        return Map.of("%ctaid.x", block, "%nctaid.x", blocks, "%tid.x", thread, "%ntid.x", threads);
    }

    @Test
    void thePtxHasTheEntryPointsThatJavaCalls() throws IOException {
        var entries = new Ptx(resource("noise.ptx")).entries();
        assertEquals(List.of("ddpm_normals", "ddpm_step_down"), List.copyOf(entries.keySet()));
        assertEquals(
                List.of("u64", "u64", "u64", "u64", "u32", "u32", "u32"),
                List.copyOf(entries.get("ddpm_normals").parameters().values()));
        assertEquals(
                List.of("u64"),
                List.copyOf(entries.get("ddpm_step_down").parameters().values()));
    }

    /** A driver refuses PTX of a version above its own: 6.4 came with CUDA 10.1, and every driver for sm_75 reads it. */
    @Test
    void thePtxIsOldEnoughForEveryDriverThatLibtorchRunsOn() throws IOException {
        var lines = resource("noise.ptx").lines().toList();
        assertTrue(lines.contains(".version 6.4") && lines.contains(".target sm_75"), () -> String.join("\n", lines));
    }

    /** Each architecture's code is an ELF file of machine 190 (EM_CUDA) inside the fat binary, with the entry in it. */
    @Test
    void theWhileKernelIsLinkedForEveryArchitectureItNames() throws IOException {
        var bytes = bytes("while.fatbin");
        var text = new String(bytes, StandardCharsets.ISO_8859_1);
        var found = new ArrayList<Integer>();
        for (int at = text.indexOf("\u007fELF"), next; at >= 0; at = next) {
            next = text.indexOf("\u007fELF", at + 1);
            var elf = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            assertEquals(190, elf.getShort(at + 18), "e_machine");
            assertEquals(2, elf.getShort(at + 16), "e_type: executable, not relocatable");
            found.add(elf.getInt(at + 48) >>> 8 & 0xFF); // e_flags: the architecture, since CUDA 13 in its second byte
            assertTrue(text.substring(at, next < 0 ? text.length() : next).contains("\0.text.ddpm_while\0"));
        }
        assertEquals(List.of(75, 80, 90, 100, 110, 120), found);
    }

    @Test
    void rebuildingGivesTheBytesThatShip(@TempDir Path folder) throws Exception {
        var nvcc = Tool.find("nvcc");
        assumeTrue(nvcc.isPresent(), "no nvcc on PATH: the kernels cannot be rebuilt here");
        var version = nvcc.get().run(folder, "", List.of("--version"));
        assumeTrue(
                version.contains("release 13.0"),
                "the resources come from CUDA 13.0, this nvcc is another: " + version);
        new Tool(Path.of("/bin/bash"))
                .run(
                        folder,
                        "",
                        List.of(SOURCES.resolve("build.sh").toAbsolutePath().toString(), folder.toString()));
        for (var name : new String[] {"noise.ptx", "while.fatbin"}) {
            assertArrayEquals(bytes(name), Files.readAllBytes(folder.resolve(name)), name);
        }
    }

    private static String resource(String name) throws IOException {
        return new String(bytes(name), StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(String name) throws IOException {
        try (var in = Tensor.class.getResourceAsStream("/ddpm/torch/cuda/" + name)) {
            return in.readAllBytes();
        }
    }

    private static String hex(float[] values) {
        var words = new ArrayList<String>();
        for (float value : values) {
            words.add(HexFormat.of().toHexDigits(Float.floatToRawIntBits(value)));
        }
        return String.join(" ", words);
    }
}
