package ddpm.torch;

import java.util.Arrays;

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

    /** That sources broadcast to the shape of {@code target} together: libtorch would give it another. */
    static void fill(String op, Shape target, Shape... sources) {
        var together = new long[target.rank()];
        for (var source : sources) {
            into(op, target, source);
            for (int i = 1; i <= source.rank(); i++) {
                together[together.length - i] = Math.max(together[together.length - i], source.size(-i));
            }
        }
        if (!Arrays.equals(together, target.toArray())) {
            throw new IllegalArgumentException(op + ": shapes " + Arrays.toString(sources) + " broadcast to "
                    + Arrays.toString(together) + ", not to " + target);
        }
    }
}
