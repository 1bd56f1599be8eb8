package ddpm.sampling;

import ddpm.diffusion.Diffusion;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Arrays;

/**
 * Known pixels of images, to which the others are drawn: RePaint (Lugmayr et al. 2022, algorithm 1).
 *
 * <pre>{@code
 * after each step:  x_{t-1} = mask q(x_{t-1} | known) + (1 - mask) x_{t-1}        known itself at the end
 * each jumpLength steps, resamplings - 1 times:
 *     x_t = q(x_t | x_{t-1})  jumpLength times up, and the steps down again
 * }</pre>
 *
 * <p>On the way up noise mixes what is known with what was drawn, so that the steps down bring the two into harmony. The paper
 * walks 250 steps with jumps of 10, made 10 times. A walk of T steps makes about resamplings T of them.
 */
public final class Known {
    /** Beyond it nobody waits for the end. */
    private static final long MOST_STEPS = 10_000_000;

    private final Shape shape;
    private final float[] images;
    private final float[] mask;
    private final int jumpLength;
    private final int resamplings;

    private Known(Shape shape, float[] images, float[] mask, int jumpLength, int resamplings) {
        this.shape = shape;
        this.images = images;
        this.mask = mask;
        this.jumpLength = jumpLength;
        this.resamplings = resamplings;
    }

    /**
     * Known pixels of these images.
     *
     * @param images {@code [1, C, H, W]} for all images of a batch alike, or {@code [B, C, H, W]}, row-major in [-1, 1]
     * @param shape of the images
     * @param mask 1 where a pixel is known and 0 where it is drawn
     * @param maskShape of the mask: like {@code shape}, with 1 in the place of B, C or both for all alike
     * @param jumpLength steps back up at a time, at least 1
     * @param resamplings how often each stretch of so many steps is made, at least 1: once is without jumps
     */
    public static Known of(
            float[] images, Shape shape, float[] mask, Shape maskShape, int jumpLength, int resamplings) {
        if (shape.rank() != 4 || shape.numel() < 1 || images.length != shape.numel()) {
            throw new IllegalArgumentException(
                    "known images have a shape [B, C, H, W], not " + shape + " with " + images.length + " numbers");
        }
        if (!broadcasts(maskShape, shape) || mask.length != maskShape.numel()) {
            throw new IllegalArgumentException("a mask of shape " + maskShape + " for images of shape " + shape
                    + ": it has their height and width, and 1 or as many images and channels");
        }
        for (float value : mask) {
            if (value != 0 && value != 1) {
                throw new IllegalArgumentException(
                        "a mask is 1 where a pixel is known and 0 where not, never " + value);
            }
        }
        for (float value : images) {
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("known pixels are finite numbers, not " + value);
            }
        }
        if (jumpLength < 1 || resamplings < 1) {
            throw new IllegalArgumentException(
                    "a jump length of " + jumpLength + " and " + resamplings + " resamplings are at least 1");
        }
        return new Known(shape, images.clone(), expanded(mask, maskShape, shape), jumpLength, resamplings);
    }

    private static boolean broadcasts(Shape mask, Shape shape) {
        return mask.rank() == 4
                && (mask.size(0) == 1 || mask.size(0) == shape.size(0))
                && (mask.size(1) == 1 || mask.size(1) == shape.size(1))
                && mask.size(2) == shape.size(2)
                && mask.size(3) == shape.size(3);
    }

    private static float[] expanded(float[] mask, Shape from, Shape to) {
        int pixels = Math.toIntExact(to.size(2) * to.size(3));
        int channels = Math.toIntExact(to.size(1));
        var all = new float[Math.toIntExact(to.numel())];
        for (int plane = 0; plane < all.length / pixels; plane++) {
            int image = from.size(0) == 1 ? 0 : plane / channels;
            int channel = from.size(1) == 1 ? 0 : plane % channels;
            int source = Math.toIntExact(image * from.size(1) + channel) * pixels;
            System.arraycopy(mask, source, all, plane * pixels, pixels);
        }
        return all;
    }

    /** Steps back up at a time. */
    public int jumpLength() {
        return jumpLength;
    }

    /** How often each stretch of {@link #jumpLength} steps is made. */
    public int resamplings() {
        return resamplings;
    }

    /** The steps that a walk of the whole chain makes, repeated ones among them. */
    public long steps(Diffusion diffusion) {
        return steps(Route.down(diffusion.steps() - 1, 0));
    }

    /** The steps that a walk of this route makes, repeated ones among them. */
    long steps(Route route) {
        long jumps = 0;
        for (int k = 0; k < route.steps(); k++) {
            jumps += passes(route.index(k), route) - 1L;
        }
        return route.steps() + jumps * jumpLength;
    }

    /**
     * How often the stretch that the step at this index ends is made, by RePaint's get_schedule_jump: jumps start at states
     * 0, jumpLength, 2 jumpLength, .. and lead no higher than where the route begins.
     */
    int passes(int index, Route route) {
        int state = index - 1;
        boolean jumps = state >= route.index(route.steps() - 1)
                && state % jumpLength == 0
                && (long) state + jumpLength <= route.first();
        return jumps ? resamplings : 1;
    }

    /** Refuses chains and solvers that cannot go back up like this. */
    void requireOn(Diffusion diffusion, Solver solver) {
        if (resamplings == 1) {
            return;
        }
        if (jumpLength >= diffusion.steps()) {
            throw new IllegalArgumentException("a jump of " + jumpLength + " steps back up in a chain of "
                    + diffusion.steps() + " steps: it must be shorter than the chain; 1 resampling is without jumps");
        }
        if ((long) diffusion.steps() * resamplings > MOST_STEPS) {
            throw new IllegalArgumentException(resamplings + " resamplings of " + diffusion.steps() + " steps: at most "
                    + MOST_STEPS + " steps in all");
        }
        if (solver.looksBack()) {
            throw new IllegalArgumentException(
                    "a solver that looks back at the steps before, as DPM-Solver++ does, cannot"
                            + " jump back up: use ancestral sampling or DDIM, or 1 resampling, which is without jumps");
        }
    }

    /** Refuses a batch of another shape. */
    void requireFor(Shape batch) {
        if (!shape.with(0, 1).equals(batch.with(0, 1)) || shape.size(0) != 1 && shape.size(0) != batch.size(0)) {
            throw new IllegalArgumentException("known images of shape " + shape + " for a batch of shape " + batch
                    + ": one image, or as many as the batch, of its channels, height and width");
        }
    }

    /** The known images of a slice, {@code [1 or images, C, H, W]} in the current scope. */
    Tensor images(int from, int to, Device device) {
        return slice(images, from, to, device);
    }

    /** The mask of a slice, likewise. */
    Tensor mask(int from, int to, Device device) {
        return slice(mask, from, to, device);
    }

    private Tensor slice(float[] values, int from, int to, Device device) {
        boolean one = shape.size(0) == 1;
        int image = Math.toIntExact(shape.numel() / shape.size(0));
        int first = one ? 0 : from;
        int last = one ? 1 : to;
        var part = Arrays.copyOfRange(values, first * image, last * image);
        return Tensor.of(part, shape.with(0, last - first)).on(device);
    }
}
