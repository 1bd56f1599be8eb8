package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PixelsTest {
    @Test
    void greyIsPillowsLuma() throws Exception {
        byte[] interleaved = Pillow.bytes("rgb_5x7");
        byte[] planes = new byte[interleaved.length];
        for (int i = 0; i < 35; i++) {
            for (int c = 0; c < 3; c++) {
                planes[c * 35 + i] = interleaved[3 * i + c];
            }
        }
        assertArrayEquals(
                Pillow.bytes("rgb_5x7_luma"),
                new Pixels(3, 5, 7, planes).toChannels(1).data());
    }

    @Test
    void coveringKeepsProportionsAndFitsTheTighterSide() throws Exception {
        assertEquals("16x25", size(new Pixels(1, 100, 160, new byte[16000]).cover(16, 24, 1 << 20)));
        assertEquals("24x24", size(new Pixels(1, 100, 100, new byte[10000]).cover(16, 24, 1 << 20)));
        assertEquals("32x42", size(new Pixels(1, 75, 100, new byte[7500]).cover(32, 32, 1 << 20)));
        assertEquals("42x32", size(new Pixels(1, 100, 75, new byte[7500]).cover(32, 32, 1 << 20)));
    }

    @Test
    void theCentreOfAnOddRemainderIsTorchvisions() {
        assertEquals(0, Pixels.middle(1));
        assertEquals(1, Pixels.middle(2));
        assertEquals(2, Pixels.middle(3));
        byte[] row = {0, 1, 2, 3, 4, 5, 6};
        assertArrayEquals(
                new byte[] {2, 3, 4, 5},
                new Pixels(1, 1, 7, row).centreCrop(1, 4).data());
    }

    @Test
    void flippingReversesRowsOnly() {
        byte[] data = {9, 1, 2, 3, 4, 5, 6, 9};
        Pixels.flip(data, 1, 2, 3);
        assertArrayEquals(new byte[] {9, 3, 2, 1, 6, 5, 4, 9}, data);
    }

    private static String size(Pixels pixels) {
        return pixels.height() + "x" + pixels.width();
    }
}
