package ddpm.data;

/**
 * One random view of an image. The draws are arguments, so that whoever trains can address them by seed and step and a
 * resumed run sees the same views.
 *
 * @param flip whether left and right are exchanged
 * @param cropTop in [0, 1): which of the possible rows the crop starts at, uniformly spread
 * @param cropLeft in [0, 1): which of the possible columns the crop starts at, before any flip
 */
public record View(boolean flip, double cropTop, double cropLeft) {
    /** @throws IllegalArgumentException for a fraction outside [0, 1) */
    public View {
        if (!(cropTop >= 0 && cropTop < 1) || !(cropLeft >= 0 && cropLeft < 1)) {
            throw new IllegalArgumentException(
                    "crop fractions lie in [0, 1), not top " + cropTop + " and left " + cropLeft);
        }
    }

    /** A view of the image as it stands or mirrored, for sets whose images leave no room for a crop. */
    public static View flip(boolean flip) {
        return new View(flip, 0, 0);
    }

    /** The offset that {@code fraction} picks among the {@code room + 1} possible ones, each equally likely. */
    static int offset(double fraction, int room) {
        // Rounding can lift fraction * (room + 1) to room + 1 itself when the fraction is the largest below 1.
        return Math.min(room, (int) (fraction * (room + 1)));
    }
}
