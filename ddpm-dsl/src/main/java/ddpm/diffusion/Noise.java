package ddpm.diffusion;

import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Objects;

/**
 * Random numbers with an address: every draw is a function of (seed, domain, image, step, element) and of nothing else.
 *
 * <p>So image 13 of seed 7 is the same alone, in any batch, on any shard, thread or device, and a resumed run goes on
 * as if it had never stopped. Immutable; any number of threads may draw at once.
 *
 * <p>The generator is Philox4x32-10. The key is the seed, low word first. The counter is
 *
 * <pre>{@code
 * c0 = element / 4, or the element itself for the scalar draws uniform and below
 * c1 = step
 * c2 = low 32 bits of image
 * c3 = domain << 24 | bits 32..55 of image
 * }</pre>
 *
 * Normals 4k..4k+3 of an image come from the words x0..x3 of block k: (x0, x1) and (x2, x3) go through Box-Muller, cosine
 * first, in double, each rounded once to float. Their bits are the same on every machine: see BoxMuller.
 */
public final class Noise {
    /** One past the largest image index. */
    public static final long MAX_IMAGES = 1L << 56;

    /** The purpose of a draw, so that no two uses ever share bits. The codes are part of every file's meaning: fixed. */
    public enum Domain {
        /** x_T of sampling; step 0. */
        INITIAL(0),
        /** z of a reverse step; step is the chain's t. */
        REVERSE(1),
        /** The timestep of a training example; image is its place in the batch, step the training step. */
        TRAIN_TIMESTEP(2),
        /** epsilon of a training example, addressed as TRAIN_TIMESTEP. */
        TRAIN_NOISE(3),
        /** Whether a training example is mirrored, addressed as TRAIN_TIMESTEP. */
        TRAIN_FLIP(4),
        /** The order of the images; step is the epoch. */
        TRAIN_ORDER(5),
        /** Dropout masks; step is the training step. */
        DROPOUT(6),
        /** Initial weights; image is the parameter's index, step 0. */
        INIT(7),
        /** q(x_t | x_0) in evaluation; step is t. */
        EVAL(8),
        /** Whether the class of a training example is left out, addressed as TRAIN_TIMESTEP. */
        TRAIN_CLASS(9),
        /** Where a training example is cropped, element 0 from the top and 1 from the left, addressed as TRAIN_TIMESTEP. */
        TRAIN_CROP(10),
        /** Draws of programs that use this library, which shares none of their bits. */
        USER(11),
        /** epsilon of known pixels in inpainting; step is the chain's t, and for the n-th repetition of a step T n more. */
        KNOWN(12),
        /** The noise of a step back up in inpainting, addressed as KNOWN. */
        UPWARD(13);

        private final int code;

        Domain(int code) {
            this.code = code;
        }

        /** The high byte of counter word c3. */
        public int code() {
            return code;
        }
    }

    private final long seed;

    private Noise(long seed) {
        this.seed = seed;
    }

    /** All 2^64 seeds are good and independent, 0 included. */
    public static Noise seed(long seed) {
        return new Noise(seed);
    }

    /** The seed. */
    public long seed() {
        return seed;
    }

    /**
     * Standard normals 0..count-1 of an address, in (-6.77, 6.77).
     *
     * @param image 0..2^56-1
     * @param step 0..2^31-1
     * @param dst where they go
     * @param offset index in {@code dst} of the first
     * @param count how many; a longer draw begins with the shorter one's numbers
     */
    public void normals(Domain domain, long image, int step, float[] dst, int offset, int count) {
        Objects.checkFromIndexSize(offset, count, dst.length);
        var philox = new Philox(seed);
        int low = (int) image;
        int high = highWord(domain, image, step);
        int whole = count & ~3;
        for (int i = 0; i < whole; i += 4) {
            philox.block(i >>> 2, step, low, high);
            normalPair(philox.x0, philox.x1, dst, offset + i);
            normalPair(philox.x2, philox.x3, dst, offset + i + 2);
        }
        if (whole < count) {
            var last = new float[4];
            philox.block(whole >>> 2, step, low, high);
            normalPair(philox.x0, philox.x1, last, 0);
            normalPair(philox.x2, philox.x3, last, 2);
            System.arraycopy(last, 0, dst, offset + whole, count - whole);
        }
    }

    /** Fresh array of normals 0..count-1 of an address. */
    public float[] normals(Domain domain, long image, int step, int count) {
        var dst = new float[count];
        normals(domain, image, step, dst, 0, count);
        return dst;
    }

    /**
     * Uniforms 0..count-1 of an address, in (0, 1), of 23 bits each: exact as floats and never 0 or 1. They are the words
     * that normals of the same address would use.
     */
    public void uniforms(Domain domain, long image, int step, float[] dst, int offset, int count) {
        Objects.checkFromIndexSize(offset, count, dst.length);
        var philox = new Philox(seed);
        int low = (int) image;
        int high = highWord(domain, image, step);
        for (int i = 0; i < count; i++) {
            if ((i & 3) == 0) {
                philox.block(i >>> 2, step, low, high);
            }
            int word = switch (i & 3) {
                case 0 -> philox.x0;
                case 1 -> philox.x1;
                case 2 -> philox.x2;
                default -> philox.x3;
            };
            dst[offset + i] = ((word >>> 9) + 0.5f) * 0x1p-23f;
        }
    }

    /** One uniform double in (0, 1), of 52 bits: exact, never 0 or 1. */
    public double uniform(Domain domain, long image, int step, int element) {
        return ((bits(domain, image, step, element) >>> 12) + 0.5) * 0x1p-52;
    }

    /**
     * One uniform integer in 0..bound-1; no value's probability is off by more than 2^-64.
     *
     * @throws IllegalArgumentException unless bound &gt;= 1
     */
    public int below(int bound, Domain domain, long image, int step, int element) {
        if (bound < 1) {
            throw new IllegalArgumentException("a draw from 0..bound-1 needs a bound of at least 1, not " + bound);
        }
        return (int) Math.unsignedMultiplyHigh(bits(domain, image, step, element), bound);
    }

    /**
     * An order of 0..n-1 for one epoch, uniform among all orders (Fisher and Yates, Durstenfeld's form), from domain
     * TRAIN_ORDER. Takes 4n bytes; a resumed run computes it again.
     *
     * @param epoch 0..2^31-1
     * @param n number of images, at least 0
     */
    public int[] permutation(int epoch, int n) {
        if (n < 0) {
            throw new IllegalArgumentException("an order of " + n + " images; the number must not be negative");
        }
        var order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = below(i + 1, Domain.TRAIN_ORDER, 0, epoch, i);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /**
     * Standard normals of one address as a tensor of the current scope, on the CPU.
     *
     * @param domain the purpose; {@link Domain#USER} in programs of your own
     */
    public Tensor normal(Domain domain, long image, int step, Shape shape) {
        return Tensor.of(normals(domain, image, step, Math.toIntExact(shape.numel())), shape);
    }

    /** Equal when the seeds are. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Noise that && seed == that.seed;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(seed);
    }

    @Override
    public String toString() {
        return "Noise.seed(" + seed + ")";
    }

    private static void normalPair(int forRadius, int forAngle, float[] dst, int at) {
        double radius = BoxMuller.radius(forRadius);
        double offset = BoxMuller.offset(forAngle);
        double cos = BoxMuller.cos(offset);
        double sin = BoxMuller.sin(offset);
        int quarter = BoxMuller.quarter(forAngle);
        dst[at] = (float) (radius * BoxMuller.turnedCos(quarter, cos, sin));
        dst[at + 1] = (float) (radius * BoxMuller.turnedSin(quarter, cos, sin));
    }

    private long bits(Domain domain, long image, int step, int element) {
        if (element < 0) {
            throw new IllegalArgumentException("element " + element + "; elements are counted from 0");
        }
        var philox = new Philox(seed);
        philox.block(element, step, (int) image, highWord(domain, image, step));
        return (philox.x0 & 0xFFFFFFFFL) << 32 | (philox.x1 & 0xFFFFFFFFL);
    }

    private static int highWord(Domain domain, long image, int step) {
        if (image < 0 || image >= MAX_IMAGES) {
            throw new IllegalArgumentException("image " + image + " is outside 0..2^56-1");
        }
        if (step < 0) {
            throw new IllegalArgumentException("step " + step + "; steps are counted from 0");
        }
        return domain.code << 24 | (int) (image >>> 32);
    }
}
