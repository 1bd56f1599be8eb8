package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ImageSetTest {
    @Test
    void zeroIsExactlyMinusOneAnd255ExactlyOne() {
        assertEquals(-1f, ImageSet.toModel((byte) 0));
        assertEquals(1f, ImageSet.toModel((byte) 255));
    }

    @Test
    void theByteSurvivesThereAndBack() {
        for (int value = 0; value < 256; value++) {
            float x = ImageSet.toModel((byte) value);
            assertTrue(x >= -1 && x <= 1);
            assertEquals(value, Math.round((x + 1) * 127.5f));
        }
    }

    @Test
    void aRangeIsConvertedWhereAsked() {
        float[] target = {7, 7, 7, 7};
        ImageSet.toModel(new byte[] {1, 0, -1, 1}, 1, target, 2, 2);
        assertEquals("[7.0, 7.0, -1.0, 1.0]", java.util.Arrays.toString(target));
        assertThrows(IndexOutOfBoundsException.class, () -> ImageSet.toModel(new byte[3], 0, target, 2, 3));
    }

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
