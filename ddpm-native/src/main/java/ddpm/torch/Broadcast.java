package ddpm.torch;

/** PyTorch's broadcasting rule, checked before libtorch sees the shapes. */
final class Broadcast {
    private Broadcast() {}

    /** Sizes are aligned from the right and must be equal or 1. */
    static void check(String op, Shape a, Shape b) {
        for (int i = 1; i <= Math.min(a.rank(), b.rank()); i++) {
            long x = a.size(-i);
            long y = b.size(-i);
            if (x != y && x != 1 && y != 1) {
                throw new IllegalArgumentException(op + ": shapes " + a + " and " + b + " do not broadcast");
            }
        }
    }

    /** Like {@link #check}, but {@code target} keeps its shape. */
    static void into(String op, Shape target, Shape source) {
        boolean fits = source.rank() <= target.rank();
        for (int i = 1; fits && i <= source.rank(); i++) {
            fits = source.size(-i) == target.size(-i) || source.size(-i) == 1;
        }
        if (!fits) {
            throw new IllegalArgumentException(op + ": shape " + source + " does not broadcast into " + target);
        }
    }
}
