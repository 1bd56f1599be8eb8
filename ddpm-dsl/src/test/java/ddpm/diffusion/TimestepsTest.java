package ddpm.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.testing.Golden;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TimestepsTest {
    @ParameterizedTest
    @EnumSource
    void everyCountGivesExactlyThatManyStrictlyFallingTimesteps(Spacing spacing) {
        for (int of : new int[] {1, 2, 7, 100, 1000, 1023}) {
            for (int count = 1; count <= of; count++) {
                var timesteps = Timesteps.spaced(spacing, of, count).toArray();
                assertEquals(count, timesteps.length);
                for (int i = 0; i < count; i++) {
                    assertTrue(timesteps[i] >= 0 && timesteps[i] < of);
                    assertTrue(i == 0 || timesteps[i] < timesteps[i - 1]);
                }
            }
        }
    }

    @Test
    void theDefaultBeginsAtTheNoisiestTimestepAndEndsAtTheCleanest() {
        for (int count = 2; count <= 1000; count++) {
            var timesteps = Timesteps.even(1000, count);
            assertEquals(999, timesteps.at(0));
            assertEquals(0, timesteps.at(count - 1));
        }
        assertEquals(Timesteps.of(1000, 999), Timesteps.even(1000, 1));
    }

    @Test
    void leadingTrailingAndLinspaceEqualDiffusers() throws IOException {
        int refused = 0;
        for (var row : Golden.rows("diffusers/timesteps/index.json")) {
            var expected = Golden.npy("diffusers/timesteps/" + row.get("file")).longs();
            int count = (Integer) row.get("num_inference_steps");
            int offset = (Integer) row.get("steps_offset");
            if (expected[0] >= 1000) { // diffusers leaves the chain here: 1000 steps raised by 1, twice
                assertThrows(IllegalArgumentException.class, () -> Timesteps.leading(1000, count, offset));
                refused++;
                continue;
            }
            var actual = switch ((String) row.get("spacing")) {
                case "leading" -> Timesteps.leading(1000, count, offset);
                case "trailing" -> Timesteps.spaced(Spacing.TRAILING, 1000, count);
                case "linspace" -> Timesteps.spaced(Spacing.LINSPACE, 1000, count);
                default -> throw new AssertionError(row);
            };
            assertArrayEquals(expected, longs(actual.toArray()), row.toString());
        }
        assertEquals(2, refused);
    }

    /** Values of {@code [int(s) for s in numpy.linspace(0, numpy.sqrt(T * 0.8), S) ** 2]}, the line of DDIM's code. */
    @Test
    void quadraticEqualsDdimsWhereThatVisitsNoStepTwice() {
        assertEquals(
                Timesteps.of(1000, 800, 632, 483, 355, 246, 158, 88, 39, 9, 0),
                Timesteps.spaced(Spacing.QUADRATIC, 1000, 10));
        assertEquals(
                Timesteps.of(
                        1000, 800, 718, 640, 567, 498, 434, 374, 319, 268, 221, 179, 141, 108, 79, 55, 35, 19, 8, 2, 0),
                Timesteps.spaced(Spacing.QUADRATIC, 1000, 20));
        var fifty = Timesteps.spaced(Spacing.QUADRATIC, 1000, 50); // DDIM's begins 0, 0, 1, 2, 5
        assertEquals(List.of(0, 1, 2, 3, 5, 8), rising(fifty).subList(0, 6));
        assertEquals(List.of(736, 767, 800), rising(fifty).subList(47, 50));
    }

    private static List<Integer> rising(Timesteps timesteps) {
        return Arrays.stream(timesteps.toArray()).boxed().toList().reversed();
    }

    @ParameterizedTest
    @EnumSource(Spacing.class)
    void everySpacingGivesExactlyAsManyStepsAsAsked(Spacing spacing) {
        for (int of : new int[] {1, 2, 10, 37, 1000}) {
            for (int count = 1; count <= of; count++) {
                assertEquals(count, Timesteps.spaced(spacing, of, count).count(), of + " in " + count);
            }
        }
    }

    @Test
    void sectionsAndIntegerStridesEqualImprovedDiffusions() throws IOException {
        int refused = 0;
        for (var row : Golden.rows("improved-diffusion/space_timesteps.json")) {
            int of = (Integer) row.get("num_timesteps");
            var counts = row.get("section_counts");
            if (row.containsKey("error")) {
                assertThrows(IllegalArgumentException.class, () -> parse(of, counts), row.toString());
                refused++;
                continue;
            }
            var rising = ((List<?>) row.get("timesteps"))
                    .stream().mapToInt(t -> (Integer) t).toArray();
            var actual = parse(of, counts).toArray();
            assertArrayEquals(reversed(rising), actual, row.toString());
        }
        assertEquals(2, refused);
    }

    @Test
    void anImpossibleCountIsRefusedWithWhatIsPossible() {
        for (var spacing : Spacing.values()) {
            for (int count : new int[] {-1, 0, 11, Integer.MAX_VALUE}) {
                var refusal = assertThrows(IllegalArgumentException.class, () -> Timesteps.spaced(spacing, 10, count));
                assertEquals(
                        count + " steps of a chain of 10 timesteps; there can be 1..10 steps", refusal.getMessage());
            }
        }
        assertMessage(
                "section 0 has 4 timesteps and cannot be visited in 5 steps; give 1..4",
                () -> Timesteps.sections(10, 5, -3, 1));
        assertMessage("0 sections of a chain of 10 steps; there can be 1..10", () -> Timesteps.sections(10));
        assertMessage(
                "no integer stride visits exactly 70 of 1000 timesteps; the nearest counts are 67 and 72, or space them"
                        + " evenly",
                () -> Timesteps.integerStride(1000, 70));
        assertMessage(
                "offset 1 with 1000 steps starts at timestep 1000, outside 0..999; use an offset of 0..0",
                () -> Timesteps.leading(1000, 1000, 1));
        assertThrows(IllegalArgumentException.class, () -> Timesteps.leading(1000, 10, Integer.MAX_VALUE));
        assertThrows(IllegalArgumentException.class, () -> Timesteps.leading(1000, 10, -1));
    }

    @Test
    void timestepsChosenByHandMustFallWithinTheChain() {
        assertArrayEquals(new int[] {7, 3, 0}, Timesteps.of(8, 7, 3, 0).toArray());
        assertMessage("timestep 8 is outside 0..7 of a chain of 8 steps", () -> Timesteps.of(8, 8, 0));
        assertMessage("timestep -1 is outside 0..7 of a chain of 8 steps", () -> Timesteps.of(8, 7, -1));
        assertMessage("timesteps must fall strictly, but 3 follows 3 at place 2", () -> Timesteps.of(8, 7, 3, 3));
        assertMessage("no timesteps were given; at least one of 0..7 is needed", () -> Timesteps.of(8));
        assertMessage("a chain has at least 1 timestep, not 0", () -> Timesteps.of(0, 0));
    }

    @Test
    void timestepsAreValues() {
        assertEquals(Timesteps.of(8, 7, 0), Timesteps.even(8, 2));
        assertEquals(Timesteps.of(8, 7, 0).hashCode(), Timesteps.even(8, 2).hashCode());
        assertNotEquals(Timesteps.of(9, 7, 0), Timesteps.of(8, 7, 0));
        assertEquals("2 of 8 timesteps, 7..0", Timesteps.even(8, 2).toString());
    }

    private static Timesteps parse(int of, Object counts) {
        if (counts instanceof String text && text.startsWith("ddim")) {
            return Timesteps.integerStride(of, Integer.parseInt(text.substring(4)));
        }
        int[] sections = counts instanceof List<?> list
                ? list.stream().mapToInt(c -> (Integer) c).toArray()
                : Arrays.stream(counts.toString().split(","))
                        .mapToInt(Integer::parseInt)
                        .toArray();
        return Timesteps.sections(of, sections);
    }

    private static int[] reversed(int[] values) {
        return IntStream.range(0, values.length)
                .map(i -> values[values.length - 1 - i])
                .toArray();
    }

    private static long[] longs(int[] values) {
        return IntStream.of(values).asLongStream().toArray();
    }

    private static void assertMessage(String message, Executable refused) {
        assertEquals(
                message, assertThrows(IllegalArgumentException.class, refused).getMessage());
    }
}
