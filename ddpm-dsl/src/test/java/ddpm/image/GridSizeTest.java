package ddpm.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GridSizeTest {
    @ParameterizedTest
    @CsvSource({"1, 8, 16, 1", "7, 8, 16, 3", "16, 32, 32, ", "5, 2, 600, "})
    void theSizeToldIsTheSizeMade(int count, int height, int width, Integer scale) {
        var layout = GridLayout.square(count);
        var size = GridSize.of(layout, count, height, width, scale);
        var picture = Images.of(new float[count * height * width], Shape.of(count, 1, height, width))
                .grid(layout)
                .enlarged(size.scale());
        assertEquals(picture.width(), size.width());
        assertEquals(picture.height(), size.height());
        assertTrue(scale != null || Math.max(size.width(), size.height()) >= 512);
    }

    @Test
    void whatWouldNotFitMemoryIsRefusedHoweverLarge() {
        var layout = GridLayout.square(Integer.MAX_VALUE);
        for (var huge : new GridSize[] {
            GridSize.of(layout, Integer.MAX_VALUE, 1024, 1024, 64),
            new GridSize(1L << 40, 1L << 40, 1),
            new GridSize(5001, 5000, 1)
        }) {
            var refused =
                    assertThrows(IllegalArgumentException.class, () -> huge.requireModest("a grid", 1, "use less"));
            assertTrue(refused.getMessage().startsWith("a grid would be " + huge.width()), refused.getMessage());
            assertTrue(refused.getMessage().endsWith("use less"));
        }
        new GridSize(5000, 5000, 1).requireModest("a grid", 1, "");
        assertThrows(IllegalArgumentException.class, () -> new GridSize(5000, 5000, 1).requireModest("", 2, ""));
    }
}
