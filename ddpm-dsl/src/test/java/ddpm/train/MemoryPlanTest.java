package ddpm.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class MemoryPlanTest {
    @Test
    void theFewestPartsThatFitAreChosen() {
        var plan = new MemoryPlan(100, 10);
        var config = Tiny.config(64, 1, 2);
        assertEquals(740, plan.bytes(config, 1));
        assertEquals(1, plan.parts(config, 740));
        assertEquals(2, plan.parts(config, 739)); // 32 at once
        assertEquals(32, plan.parts(config, 120)); // one for each thread
        assertEquals(0, plan.parts(config, 119));
        assertEquals(4, plan.parts(config.withAccumulate(4), 1000), "never fewer than configured");
    }

    @Test
    void moreThreadsThanImagesTakeOneEach() {
        var plan = new MemoryPlan(0, 1);
        assertEquals(3, plan.bytes(Tiny.config(3, 1, 8), 1));
        assertEquals(1, plan.parts(Tiny.config(3, 1, 8), 3));
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "other systems have no /proc to ask")
    void aRunThatFitsIsMeasuredAndWeightsThatDoNotAreKnownUnmade() throws IOException {
        var recipe = Tiny.recipe(1);
        var plan = MemoryPlan.measure(recipe, Long.MAX_VALUE);
        assertTrue(plan.fixed() > 1 << 20 && plan.perImage() >= 0, plan.toString());
        var none = MemoryPlan.measure(recipe, 1);
        assertEquals(0, none.perImage());
        assertEquals(0, none.parts(recipe.config(), 1));
    }
}
