package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Malloc.Level;
import java.io.IOException;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

final class MallocTest {
    private static final long GROWTH = Level.GROWTH;

    @Test
    void memoryGoesBackWhenItHasGrown() {
        var level = new Level(1000, OptionalLong.empty());
        assertFalse(level.hasGrown(1000 + GROWTH));
        assertTrue(level.hasGrown(1001 + GROWTH));
    }

    @Test
    void whatALoopTakesAgainIsNotGrowth() {
        var level = new Level(1000, OptionalLong.empty());
        assertTrue(level.hasGrown(1000 + 3 * GROWTH));
        assertFalse(level.hasGrown(1000 + 2 * GROWTH), "the loop's own");
        assertFalse(level.hasGrown(1000 + 3 * GROWTH));
        assertTrue(level.hasGrown(1001 + 3 * GROWTH));
    }

    @Test
    void growthCountsFromTheLowest() {
        var level = new Level(1000 + GROWTH, OptionalLong.empty());
        assertFalse(level.hasGrown(1000));
        assertTrue(level.hasGrown(1001 + GROWTH));
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "others have no /proc to read it from")
    void theResidentSetIsThatOfThisProgram() throws IOException {
        long kilobytes = Malloc.residentKilobytes();
        assertTrue(kilobytes > 10_000 && kilobytes < 100_000_000, kilobytes + " kB");
    }

    @Test
    void underAMemoryLimitLessGrowthIsWorthATrim() {
        var level = new Level(1000, OptionalLong.of(160L << 20));
        assertFalse(level.hasGrown(1000 + (10 << 10)));
        assertTrue(level.hasGrown(1001 + (10 << 10)));
    }
}
