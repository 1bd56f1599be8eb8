package ddpm.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Arrays compared element by element, naming the worst. */
public final class Close {
    private Close() {}

    /** Every element within {@code tolerance}; the message names the largest difference. */
    public static void assertWithin(double tolerance, float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        int worst = 0;
        for (int i = 0; i < expected.length; i++) {
            // Written so that a NaN is the worst of all.
            if (!(Math.abs(expected[i] - actual[i]) <= Math.abs(expected[worst] - actual[worst]))) {
                worst = i;
            }
        }
        if (expected.length > 0) {
            assertEquals(expected[worst], actual[worst], tolerance, what + ": largest difference, at " + worst);
        }
    }
}
