package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ImageSetTest {
    @Test
    void shapesOfOtherChannelsOrSidesAreRefused() {
        assertMessage("not 4", () -> new ImageShape(4, 8, 8));
        assertMessage("height 0", () -> new ImageShape(3, 0, 8));
        assertMessage("width 9000", () -> new ImageShape(3, 8, 9000));
        assertEquals("3x16x24", new ImageShape(3, 16, 24).toString());
    }

    @Test
    void cropFractionsReachBothEndsAndNoFurther() {
        assertEquals(0, View.offset(0, 5));
        assertEquals(5, View.offset(Math.nextDown(1.0), 5));
        assertEquals(0, View.offset(0.99, 0));
        assertEquals(3, View.offset(0.5, 5));
        assertMessage("[0, 1)", () -> new View(false, 1, 0));
        assertMessage("[0, 1)", () -> new View(false, 0, Double.NaN));
    }

    private static void assertMessage(String part, org.junit.jupiter.api.function.Executable code) {
        var error = assertThrows(IllegalArgumentException.class, code);
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }
}
