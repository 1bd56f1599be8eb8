package ddpm.diffusion;

/**
 * Normals from uniform bits, the same bits on every machine.
 *
 * <p>{@code Math.log} and {@code Math.sin} may differ in the last place between processors, and libm, CUDA and the JVM
 * differ among themselves. Here everything is double {@code + - * /} and {@code sqrt}, which IEEE 754 fixes exactly and
 * Java never contracts to fused operations. Another implementation gives the same bits if it keeps the order of
 * operations and forbids contraction (nvcc {@code -fmad=false}, gcc {@code -ffp-contract=off}).
 *
 * <p>All polynomials are plain Taylor series, long enough that what is cut off lies below 1e-16.
 */
final class BoxMuller {
    private static final double TWO_TO_MINUS_32 = 0x1p-32;
    private static final double LN_2 = 0.6931471805599453;
    private static final double SQRT_HALF = 0.7071067811865476;
    /** 2 pi / 2^32: radians of one unit of a 32-bit angle. */
    private static final double RADIANS = 6.283185307179586 * 0x1p-32;

    private BoxMuller() {}

    /** (x + 1/2) / 2^32 of an unsigned word: uniform in (0, 1), exact, never 0 or 1. */
    static double uniform(int word) {
        return ((word & 0xFFFFFFFFL) + 0.5) * TWO_TO_MINUS_32;
    }

    /** sqrt(-2 ln u) of the word's uniform u: the length of a 2-D standard normal; 1e-5 to 6.77. */
    static double radius(int word) {
        return Math.sqrt(-2 * ln(uniform(word)));
    }

    /**
     * ln u for normal u &gt; 0, within 2 ulps. With u = 2^e m, m in [sqrt(1/2), sqrt(2)) and s = (m - 1)/(m + 1), ln u =
     * e ln 2 + 2 artanh s; |s| &lt; 0.172.
     */
    static double ln(double u) {
        long bits = Double.doubleToRawLongBits(u);
        int exponent = (int) (bits >>> 52) - 1022;
        double m = Double.longBitsToDouble((bits & 0x000FFFFFFFFFFFFFL) | 0x3FE0000000000000L);
        // m is in [1/2, 1). Doubling the lower part centres it on 1, so that near u = 1 nothing cancels.
        int low = m < SQRT_HALF ? 1 : 0;
        m *= 1 + low;
        exponent -= low;
        double s = (m - 1) / (m + 1);
        double z = s * s;
        double series = 1.0 / 21;
        series = series * z + 1.0 / 19;
        series = series * z + 1.0 / 17;
        series = series * z + 1.0 / 15;
        series = series * z + 1.0 / 13;
        series = series * z + 1.0 / 11;
        series = series * z + 1.0 / 9;
        series = series * z + 1.0 / 7;
        series = series * z + 1.0 / 5;
        series = series * z + 1.0 / 3;
        double twice = s + s;
        return exponent * LN_2 + (twice + twice * (z * series));
    }

    /** The turn's quarter nearest to the word's angle: 0..3. */
    static int quarter(int word) {
        return (word + 0x20000000) >>> 30;
    }

    /** Radians from the nearest quarter turn to the word's angle (x + 1/2) 2 pi / 2^32: at most pi/4 either way. */
    static double offset(int word) {
        // Taken in integers, so the reduction is exact: the remainder of x by 2^30, signed.
        int remainder = ((word + 0x20000000) & 0x3FFFFFFF) - 0x20000000;
        return (remainder + 0.5) * RADIANS;
    }

    /** sin a for |a| &lt;= pi/4, within 1 ulp. */
    static double sin(double a) {
        double z = a * a;
        double series = -1.0 / 1307674368000.0;
        series = series * z + 1.0 / 6227020800.0;
        series = series * z - 1.0 / 39916800;
        series = series * z + 1.0 / 362880;
        series = series * z - 1.0 / 5040;
        series = series * z + 1.0 / 120;
        series = series * z - 1.0 / 6;
        return a + a * (z * series);
    }

    /** cos a for |a| &lt;= pi/4, within 1 ulp. */
    static double cos(double a) {
        double z = a * a;
        double series = 1.0 / 20922789888000.0;
        series = series * z - 1.0 / 87178291200.0;
        series = series * z + 1.0 / 479001600;
        series = series * z - 1.0 / 3628800;
        series = series * z + 1.0 / 40320;
        series = series * z - 1.0 / 720;
        series = series * z + 1.0 / 24;
        series = series * z - 1.0 / 2;
        return 1 + z * series;
    }

    /** The cosine of quarter turns plus an offset, from the offset's own cosine and sine. */
    static double turnedCos(int quarter, double cos, double sin) {
        double chosen = (quarter & 1) == 0 ? cos : sin;
        return quarter == 1 || quarter == 2 ? -chosen : chosen;
    }

    /** The sine of quarter turns plus an offset, from the offset's own cosine and sine. */
    static double turnedSin(int quarter, double cos, double sin) {
        double chosen = (quarter & 1) == 0 ? sin : cos;
        return quarter >= 2 ? -chosen : chosen;
    }
}
