package ddpm.tests.networks;

import ddpm.nn.TimeEmbedding;

/**
 * Layers of another library, by the names that their parameters have in a state dict: what {@link PlainUNet} and {@link
 * PlainUNetMini} are written on, once for all such libraries.
 *
 * @param <T> a tensor there
 */
public interface PlainLayers<T> {
    /** The notebook's and the paper's base of wavelengths. */
    double WAVELENGTHS = 10_000;

    boolean has(String parameter);

    /**
     * A convolution with a square kernel.
     *
     * @param before zeros above and to the left
     * @param after zeros below and to the right
     */
    T conv(String name, T x, int stride, int before, int after);

    /** 3x3, size kept. */
    default T conv3(String name, T x) {
        return conv(name, x, 1, 1, 1);
    }

    /** Over the last dimension. */
    T linear(String name, T x);

    T norm(String name, T x, int groups, double eps);

    /** Rows {@code [B, C]} of a table, by {@code labels [B]}. */
    T embedding(String name, T labels);

    T silu(T x);

    T add(T a, T b);

    /** {@code perChannel [B, C]} added to every pixel. */
    T shifted(T x, T perChannel);

    /** Along channels. */
    T cat(T a, T b);

    /** Every pixel doubled along height and width. */
    T doubled(T x);

    /** Means of 2x2. */
    T halved(T x);

    /** {@code [B, H W, C]} of {@code [B, C, H, W]}. */
    T rows(T x);

    /** The inverse of {@link #rows}, for an image like this one. */
    T image(T rows, T like);

    /** softmax(q k^T / sqrt(channels / heads)) v, all {@code [B, H W, channels]}, head by head. */
    T attention(T q, T k, T v, long channels, long heads);

    /** {@code [B, channels]} of float timesteps {@code [B]}. */
    T sinusoid(T t, int channels, int shift, TimeEmbedding.Order order);

    /** Exponents are rounded as the reference codes round them. */
    static float[] frequencies(int half, int shift) {
        var frequencies = new float[half];
        for (int i = 0; i < half; i++) {
            frequencies[i] = (float) Math.exp((float) (-Math.log(WAVELENGTHS) * i) / (half - shift));
        }
        return frequencies;
    }
}
