package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * Timesteps as sinusoids (Vaswani et al. 2017): sin(t f_i) and cos(t f_i) with frequencies f_i =
 * 10000^(-i / (half - shift)) for i below half the channels.
 */
public final class TimeEmbedding implements Block {
    /** How projects lay the sines and cosines out; the layers behind are trained for one of these. */
    public enum Order {
        /** All sines, then all cosines, as in the paper. */
        SINE_FIRST,
        /** All cosines, then all sines: the class default of diffusers. */
        COSINE_FIRST,
        /** Sine and cosine of one frequency after the other, as in w86763777/pytorch-ddpm. */
        INTERLEAVED
    }

    private static final double LONGEST = 10000;

    private final int channels;
    private final Order order;
    private final Buffer frequencies;

    /**
     * @param path where the frequencies are put, so that a forward pass copies nothing to its device
     * @param channels size of the embedding, even, at least 4
     * @param shift 1 as in the paper (the last frequency is exactly 1e-4), 0 as in the notebook
     * @param order which channel holds which
     */
    public TimeEmbedding(ParamPath path, int channels, int shift, Order order) {
        if (channels < 4 || channels % 2 != 0 || shift < 0 || shift > 1) {
            throw new IllegalArgumentException(
                    "a time embedding of " + channels + " channels (even, at least 4), shift " + shift + " (0 or 1)");
        }
        this.channels = channels;
        this.order = order;
        frequencies = path.buffer(Shape.of(1, channels / 2), frequencies(channels, shift));
    }

    /** Each f_i of an embedding of this size. */
    public static float[] frequencies(int channels, int shift) {
        int half = channels / 2;
        var values = new float[half];
        for (int i = 0; i < half; i++) {
            // In float32 steps as the reference implementations compute them: at t = 999 an ulp here is 6e-5 in the
            // angle.
            float exponent = (float) (-Math.log(LONGEST) * i) / (half - shift);
            values[i] = (float) Math.exp(exponent);
        }
        return values;
    }

    /**
     * @param t timesteps {@code [B]}, int64 or float
     * @return {@code [B, channels]} float32
     */
    @Override
    public Tensor forward(Tensor t) {
        int half = channels / 2;
        var angles = t.to(DType.FLOAT32).view(-1, 1).mul(frequencies.tensor()); // [B, half]
        var sine = Ops.sin(angles);
        var cosine = Ops.cos(angles);
        return switch (order) {
            case SINE_FIRST -> Ops.cat(1, sine, cosine);
            case COSINE_FIRST -> Ops.cat(1, cosine, sine);
            case INTERLEAVED ->
                Ops.cat(2, sine.view(-1, half, 1), cosine.view(-1, half, 1)).view(-1, channels);
        };
    }
}
