package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BilinearResizeTest {
    @ParameterizedTest
    @CsvSource({"8,8", "37,20", "13,53", "64,96", "16,24", "1,1", "100,7"})
    void everyByteIsPillows(int height, int width) throws Exception {
        byte[] resized = new byte[height * width];
        new BilinearResize(37, 53, height, width).apply(Pillow.bytes("noise_37x53"), 0, resized, 0);
        assertArrayEquals(Pillow.bytes("noise_to_" + height + "x" + width), resized);
    }

    @Test
    void theSameSizeChangesNothing() throws Exception {
        byte[] source = Pillow.bytes("noise_37x53");
        byte[] resized = new byte[source.length];
        new BilinearResize(37, 53, 37, 53).apply(source, 0, resized, 0);
        assertArrayEquals(source, resized);
    }

    @Test
    void blackAndWhiteStayExact() {
        for (int level : new int[] {0, 255}) {
            byte[] source = new byte[50 * 40];
            Arrays.fill(source, (byte) level);
            byte[] expected = new byte[17 * 90];
            Arrays.fill(expected, (byte) level);
            byte[] resized = new byte[17 * 90];
            new BilinearResize(50, 40, 17, 90).apply(source, 0, resized, 0);
            assertArrayEquals(expected, resized);
        }
    }

    @Test
    void offsetsSelectThePlane() throws Exception {
        byte[] noise = Pillow.bytes("noise_37x53");
        byte[] shifted = new byte[noise.length + 5];
        System.arraycopy(noise, 0, shifted, 5, noise.length);
        byte[] resized = new byte[3 + 16 * 24];
        new BilinearResize(37, 53, 16, 24).apply(shifted, 5, resized, 3);
        assertArrayEquals(Pillow.bytes("noise_to_16x24"), Arrays.copyOfRange(resized, 3, resized.length));
    }
}
