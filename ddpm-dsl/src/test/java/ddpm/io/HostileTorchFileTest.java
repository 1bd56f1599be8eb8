package ddpm.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import ddpm.testing.Golden;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files made to run code, to hang, to exhaust memory or to read out of bounds: each is refused, quickly and small. */
class HostileTorchFileTest {
    /** What the files' code would create, were it run. */
    private static final Path PROOF_OF_EXECUTION = Path.of("/tmp/ddpm-pwned");

    private static final long MAX_ALLOCATED = 64L << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    @BeforeEach
    void nothingHasRunYet() {
        assertFalse(
                Files.exists(PROOF_OF_EXECUTION),
                PROOF_OF_EXECUTION + " exists before the test: something else loaded a hostile file; delete it");
    }

    @AfterEach
    void nothingWasRun() {
        assertFalse(Files.exists(PROOF_OF_EXECUTION), "a hostile file's code was executed");
    }

    private static Path hostile(String name) {
        return Golden.path("G_pt_format/8_hostile/" + name + ".pt");
    }

    @Test
    void theValidControlLoads() throws IOException {
        var tensors = TensorFiles.read(hostile("f0_control_valid"));
        var expected = TensorFiles.read(Golden.path("G_pt_format/1_zip.pt")).get("conv.weight");
        assertEquals(List.of("w"), List.copyOf(tensors.keySet()));
        assertEquals(expected.data(), tensors.get("w").data());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            a_os_system                   | 'posix.system'
            a2_os_system_legacy           | 'posix.system'
            b_builtins_eval               | '__builtin__.eval'
            b2_builtins_exec              | '__builtin__.exec'
            b3_subprocess_popen           | 'commands.Popen'
            b4_builtins_eval_protocol4    | 'builtins.eval'
            c_global_through_torch_module | 'torch.serialization.os.system'
            d_truncated_half              | cut short
            d2_truncated_last_20_bytes    | cut short
            d3_truncated_legacy           | cut short
            d4_empty                      | is empty
            d5_not_a_checkpoint           | no known format
            e_entry_size_exceeds_file     | claims 2147483632 bytes
            e2_entry_size_too_small       | but its record has 8 bytes
            f1_view_past_storage          | past the end of its storage
            f2_negative_size              | no negative sizes
            f3_negative_offset            | offset -
            f4_overflowing_size           | more elements than 2^63
            f5_numel_larger_than_record   | but its record has
            f6_missing_storage_record     | has no record for storage
            f7_storage_key_path_traversal | has no record for storage
            f8_huge_stride0_expand        | tensor of shape
            f9_rank_mismatch              | sizes but
            g1_memo_bomb                  | ends with values left on its stack
            g2_deep_nesting               | refused
            g3_binunicode_length_lie      | claims 2147483647 bytes
            g4_stack_underflow            | where its stack has
            g5_self_referential_list      | contains itself
            g6_no_stop                    | more bytes where 0 remain
            g7_unknown_opcode             | opcode 0xff
            g8_build_setstate             | 'torch.nn.modules.linear.Linear'
            h1_zip_slip_names             | points outside the archive
            h2_duplicate_data_pkl         | is there twice
            h3_no_data_pkl                | not one that torch.save wrote
            h4_deflate_bomb               | but its record has
            """)
    void aHostileFileIsRefusedQuicklyAndWithoutSwelling(String name, String reason) {
        var refused = assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            var thrown = assertThrows(FileFormatException.class, () -> TensorFiles.open(hostile(name)));
            long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
            assertTrue(allocated < MAX_ALLOCATED, () -> allocated + " bytes were allocated");
            return thrown;
        });
        assertTrue(refused.reason().contains(reason), refused::getMessage);
    }

    @Test
    void everyHostileFileIsNamedInTheTestAbove() throws Exception {
        var named = HostileTorchFileTest.class
                .getDeclaredMethod("aHostileFileIsRefusedQuicklyAndWithoutSwelling", String.class, String.class)
                .getAnnotation(CsvSource.class)
                .textBlock()
                .lines()
                .map(line -> line.split("\\|")[0].strip() + ".pt")
                .toList();
        try (var files = Files.list(Golden.path("G_pt_format/8_hostile"))) {
            assertEquals(
                    Set.copyOf(named),
                    Set.copyOf(files.map(file -> file.getFileName().toString())
                            .filter(name -> !name.startsWith("f0"))
                            .toList()));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "6_parameters",
                "6b_parameters_legacy",
                "1b_zip_protocol4",
                "emul_1_torch2_records",
                "emul_3_deflated"
            })
    void everyTruncationIsRefused(String name) throws IOException {
        byte[] good = Files.readAllBytes(Golden.path("G_pt_format/" + name + ".pt"));
        var file = folder.resolve("cut.pt");
        for (int length = 0; length < good.length; length++) {
            Files.write(file, Arrays.copyOf(good, length));
            assertThrows(FileFormatException.class, () -> TensorFiles.open(file), "cut to " + length + " bytes");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1_zip",
                "2_legacy",
                "2b_legacy_protocol4",
                "5_views_and_dtypes",
                "7_nested_checkpoint",
                "7b_nested_checkpoint_legacy",
                "emul_2_big_endian",
                "emul_3_deflated",
                "8_hostile/f0_control_valid"
            })
    void aMutatedFileGivesARefusalOrACleanResult(String name) throws IOException {
        byte[] good = Files.readAllBytes(Golden.path("G_pt_format/" + name + ".pt"));
        var file = folder.resolve("mutant.pt");
        var random = new Random(name.hashCode());
        int refused = 0;
        int mutants = 1500;
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < mutants; i++) {
            var mutant = good.clone();
            mutant[random.nextInt(mutant.length)] ^= (byte) (1 + random.nextInt(255));
            Files.write(file, mutant);
            try {
                TensorFiles.open(file);
            } catch (FileFormatException expected) {
                refused++;
            }
        }
        long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(refused > mutants / 10, "only " + refused + " mutants were refused");
        assertTrue(allocated / mutants < 2 << 20, "a mutant costs " + allocated / mutants + " bytes on average");
    }
}
