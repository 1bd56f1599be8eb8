package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;

/**
 * Timesteps as sinusoids (Vaswani et al. 2017): {@code [sin(t f_0), .., cos(t f_0), ..]} with frequencies f_i =
 * 10000^(-i / (half - shift)).
 *
 * @param channels size of the embedding, even, at least 4
 * @param shift 1 as in the paper (the last frequency is exactly 1e-4), 0 as in the notebook
 * @param cosineFirst puts the cosines before the sines
 */
public record TimeEmbedding(int channels, int shift, boolean cosineFirst) {
    private static final double LONGEST = 10000;

    public TimeEmbedding {
        if (channels < 4 || channels % 2 != 0 || shift < 0 || shift > 1) {
            throw new IllegalArgumentException(
                    "a time embedding of " + channels + " channels (even, at least 4), shift " + shift + " (0 or 1)");
        }
    }

    /**
     * @param t timesteps {@code [B]}, int64 or float
     * @return {@code [B, channels]} float32
     */
    public Tensor forward(Tensor t) {
        int half = channels / 2;
        var frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            // In float32 steps as the reference implementations compute them: at t = 999 an ulp here is 6e-5 in the
            // angle.
            float exponent = (float) (-Math.log(LONGEST) * i) / (half - shift);
            frequencies[i] = (float) Math.exp(exponent);
        }
        var rates = Tensor.of(frequencies, Shape.of(1, half)).on(t.device());
        var angles = t.to(DType.FLOAT32).view(-1, 1).mul(rates); // [B, half]
        var sine = Ops.sin(angles);
        var cosine = Ops.cos(angles);
        return cosineFirst ? Ops.cat(1, cosine, sine) : Ops.cat(1, sine, cosine);
    }
}
