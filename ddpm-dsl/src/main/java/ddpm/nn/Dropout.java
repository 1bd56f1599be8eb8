package ddpm.nn;

import ddpm.torch.Tensor;

/**
 * Zeroes elements with probability p and scales the others by 1/(1-p), where a source of masks says so.
 *
 * <p>The masks come from outside, addressed like all other noise, so that a resumed run draws the same ones. Without a
 * source this is the identity: a network in evaluation has no train flag to forget.
 */
public final class Dropout implements Block {
    /** Uniform numbers in (0, 1) for the {@code call}-th dropout of a forward pass. */
    @FunctionalInterface
    public interface Source {
        void fill(int call, float[] target);
    }

    private final double probability;
    private Source source;
    private int call;

    /** @param probability of a zero, 0 to below 1 */
    public Dropout(double probability) {
        if (!(probability >= 0 && probability < 1)) {
            throw new IllegalArgumentException("dropout with probability " + probability + ": 0 to below 1");
        }
        this.probability = probability;
    }

    /** Draws masks from {@code source} until the next call of this method; null turns dropout off. */
    public void use(Source source) {
        this.source = source;
        this.call = 0;
    }

    @Override
    public Tensor forward(Tensor x) {
        if (source == null || probability == 0) {
            return x;
        }
        var mask = new float[Math.toIntExact(x.shape().numel())];
        source.fill(call++, mask);
        float keep = (float) (1 / (1 - probability));
        for (int i = 0; i < mask.length; i++) {
            mask[i] = mask[i] < probability ? 0 : keep;
        }
        return x.mul(Tensor.of(mask, x.shape()).to(x.dtype()).on(x.device()));
    }
}
