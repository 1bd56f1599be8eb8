package ddpm.diffusion;

import java.util.Arrays;
import java.util.function.IntToDoubleFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The timesteps of a chain that sampling visits, in the order of the visit: strictly falling within 0..T-1. Immutable.
 *
 * <p>The timestep after each is looked up here, never computed from a stride, so a chain of any length ends where it
 * should. {@link Diffusion#respaced} turns them into a chain of their own.
 */
public final class Timesteps {
    private final int of;
    private final int[] falling;

    private Timesteps(int of, int[] falling) {
        if (of < 1) {
            throw new IllegalArgumentException("a chain has at least 1 timestep, not " + of);
        }
        if (falling.length == 0) {
            throw new IllegalArgumentException(
                    "no timesteps were given; at least one of 0.." + (of - 1) + " is needed");
        }
        for (int i = 0; i < falling.length; i++) {
            if (falling[i] < 0 || falling[i] >= of) {
                throw new IllegalArgumentException(
                        "timestep " + falling[i] + " is outside 0.." + (of - 1) + " of a chain of " + of + " steps");
            }
            if (i > 0 && falling[i] >= falling[i - 1]) {
                throw new IllegalArgumentException("timesteps must fall strictly, but " + falling[i] + " follows "
                        + falling[i - 1] + " at place " + i);
            }
        }
        this.of = of;
        this.falling = falling;
    }

    /**
     * Timesteps chosen by hand.
     *
     * @param of T of the chain they belong to
     * @param falling strictly falling, each in 0..T-1; copied
     */
    public static Timesteps of(int of, int... falling) {
        return new Timesteps(of, falling.clone());
    }

    /** {@code count} of the {@code of} timesteps, spaced as {@link Spacing#EVEN}. */
    public static Timesteps even(int of, int count) {
        return spaced(Spacing.EVEN, of, count);
    }

    /** {@code count} of the {@code of} timesteps, 1 &lt;= count &lt;= of. */
    public static Timesteps spaced(Spacing spacing, int of, int count) {
        checkCount(of, count);
        return switch (spacing) {
            case EVEN -> count == 1 ? of(of, of - 1) : sections(of, count);
            case LEADING -> leading(of, count, 0);
            case TRAILING -> {
                // numpy.arange(of, 0, -of/count) steps by the rounded difference of its first two entries. It also
                // runs to count + 1 entries for some counts, such as 61 of 1000, which is not followed here.
                double first = of;
                double stride = (first - first / count) - first;
                yield rounded(of, count, i -> of + i * stride - 1);
            }
            case QUADRATIC -> count == 1 ? of(of, of - 1) : quadratic(of, count);
            case LINSPACE -> {
                double stride = (of - 1.0) / (count - 1);
                yield count == 1 ? of(of, 0) : rounded(of, count, i -> (count - 1 - i) * stride);
            }
        };
    }

    private static Timesteps quadratic(int of, int count) {
        double end = Math.sqrt(0.8 * of);
        var rising = new int[count];
        for (int k = 0; k < count; k++) {
            double root = k == count - 1 ? end : k * (end / (count - 1)); // numpy.linspace, to the last bit
            int above = k == 0 ? 0 : rising[k - 1] + 1;
            int most = of - count + k; // leaves room for those that follow
            rising[k] = Math.min(Math.max((int) (root * root), above), most);
        }
        return new Timesteps(of, fill(count, i -> rising[count - 1 - i]));
    }

    /**
     * The timesteps nearest to the noise levels of Karras et al. 2022, eq. 5: sigma_i = (sigma_max^(1/rho) + i / (S - 1)
     * (sigma_min^(1/rho) - sigma_max^(1/rho)))^rho, from the largest to the smallest sigma of the chain. Where two levels
     * fall on one timestep, the later takes the next lower one that is free, so that there are exactly {@code count}.
     *
     * @param rho how densely small sigmas are visited; 7 in the paper
     */
    public static Timesteps karras(Diffusion diffusion, int count, double rho) {
        int of = diffusion.steps();
        checkCount(of, count);
        if (!(rho > 0) || !Double.isFinite(rho)) {
            throw new IllegalArgumentException("rho is positive and finite, not " + rho);
        }
        var sigmas = diffusion.sigmas();
        double largest = Math.pow(sigmas.at(of - 1), 1 / rho);
        double smallest = Math.pow(sigmas.at(0), 1 / rho);
        var falling = new int[count];
        int t = of - 1;
        for (int i = 0; i < count; i++) {
            double place = count == 1 ? 0 : i / (count - 1.0);
            double sigma = Math.pow(largest + place * (smallest - largest), rho);
            while (t > 0 && Math.abs(sigmas.at(t - 1) - sigma) <= Math.abs(sigmas.at(t) - sigma)) {
                t--;
            }
            falling[i] = Math.max(t, count - 1 - i); // enough must be left below for the rest
            t = falling[i] - 1;
        }
        return new Timesteps(of, falling);
    }

    /**
     * As {@link Spacing#LEADING} with every timestep raised by {@code offset} (diffusers' steps_offset).
     *
     * @throws IllegalArgumentException also if the first timestep would leave the chain
     */
    public static Timesteps leading(int of, int count, int offset) {
        checkCount(of, count);
        int stride = of / count;
        long first = (long) (count - 1) * stride + offset;
        if (offset < 0 || first >= of) {
            throw new IllegalArgumentException("offset " + offset + " with " + count + " steps starts at timestep "
                    + first + ", outside 0.." + (of - 1) + "; use an offset of 0.." + (of - 1 - (count - 1) * stride));
        }
        return new Timesteps(of, fill(count, i -> (count - 1 - i) * stride + offset));
    }

    /**
     * Sections of equal length, each visited in its own number of steps, from its first timestep to its last
     * (improved-diffusion's comma-separated timestep_respacing). The earliest sections take the remainder of the division.
     * A section of one step visits its first timestep.
     *
     * @param counts steps of each section, from t = 0 upward; at least 1 each
     */
    public static Timesteps sections(int of, int... counts) {
        if (counts.length == 0 || counts.length > of) {
            throw new IllegalArgumentException(
                    counts.length + " sections of a chain of " + of + " steps; there can be 1.." + of);
        }
        var visited = IntStream.builder();
        int start = 0;
        for (int i = 0; i < counts.length; i++) {
            int length = of / counts.length + (i < of % counts.length ? 1 : 0);
            if (counts[i] < 1 || counts[i] > length) {
                throw new IllegalArgumentException("section " + i + " has " + length
                        + " timesteps and cannot be visited in " + counts[i] + " steps; give 1.." + length);
            }
            double stride = counts[i] == 1 ? 0 : (length - 1.0) / (counts[i] - 1);
            // A running sum, not k * stride: its rounding decides exact halves, and checkpoints' samples rest on them.
            double place = 0;
            for (int k = 0; k < counts[i]; k++) {
                visited.add(start + (int) Math.rint(place));
                place += stride;
            }
            start += length;
        }
        var rising = visited.build().toArray();
        return new Timesteps(of, fill(rising.length, i -> rising[rising.length - 1 - i]));
    }

    /**
     * 0, r, 2r, .. below T with the smallest integer stride r that gives {@code count} of them (improved-diffusion's
     * "ddimN").
     *
     * @throws IllegalArgumentException also if no stride does
     */
    public static Timesteps integerStride(int of, int count) {
        checkCount(of, count);
        int stride = Math.ceilDiv(of, count);
        if (Math.ceilDiv(of, stride) != count) {
            throw new IllegalArgumentException("no integer stride visits exactly " + count + " of " + of
                    + " timesteps; the nearest counts are " + Math.ceilDiv(of, stride) + " and "
                    + Math.ceilDiv(of, stride - 1) + ", or space them evenly");
        }
        return new Timesteps(of, fill(count, i -> (count - 1 - i) * stride));
    }

    /** T of the chain these belong to. */
    public int of() {
        return of;
    }

    /** S, the number of timesteps. */
    public int count() {
        return falling.length;
    }

    /** The {@code i}-th visited timestep, 0 &lt;= i &lt; count(). */
    public int at(int i) {
        return falling[i];
    }

    /** A fresh array, strictly falling. */
    public int[] toArray() {
        return falling.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Timesteps that && of == that.of && Arrays.equals(falling, that.falling);
    }

    @Override
    public int hashCode() {
        return 31 * of + Arrays.hashCode(falling);
    }

    /** {@code 50 of 1000 timesteps, 999..0}. */
    @Override
    public String toString() {
        return count() + " of " + of + " timesteps, " + falling[0] + ".." + falling[count() - 1];
    }

    /** Halves to even, as numpy.round and Python's round do. */
    private static Timesteps rounded(int of, int count, IntToDoubleFunction place) {
        return new Timesteps(of, fill(count, i -> (int) Math.rint(place.applyAsDouble(i))));
    }

    private static int[] fill(int count, IntUnaryOperator f) {
        return IntStream.range(0, count).map(f).toArray();
    }

    private static void checkCount(int of, int count) {
        if (count < 1 || count > of) {
            throw new IllegalArgumentException(
                    count + " steps of a chain of " + of + " timesteps; there can be 1.." + of + " steps");
        }
    }
}
