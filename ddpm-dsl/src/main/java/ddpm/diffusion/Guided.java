package ddpm.diffusion;

import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Arrays;
import java.util.Objects;

/**
 * A class-conditional model with the label of each image of a batch, and classifier-free guidance (Ho and Salimans 2022):
 *
 * <pre>{@code
 * epsilon = epsilon_null + weight (epsilon_label - epsilon_null)
 * }</pre>
 *
 * <p>So weight 1 is the plain conditional model, 0 the unconditional one, and more than 1 exaggerates what the label adds:
 * the scale of diffusers and of Stable Diffusion's programs, and one more than the paper's own w. Both are predicted in
 * one batch of twice the size; at weights 1 and 0 only the one that counts. Predictions of x0 and v may be mixed so as well,
 * for given x_t they depend linearly on epsilon. Channels beyond those of x_t, such as a learned variance, are the
 * conditional model's.
 */
public final class Guided implements Denoiser {
    private static final long NO_LABEL = -1;

    private final ConditionalDenoiser model;
    private final long[] labels;
    private final long nullLabel;
    private final double weight;
    private final Device device;

    private Guided(ConditionalDenoiser model, long[] labels, long nullLabel, double weight, Device device) {
        this.model = Objects.requireNonNull(model, "model");
        this.labels = labels.clone();
        this.nullLabel = nullLabel;
        this.weight = weight;
        this.device = device;
    }

    /**
     * The plain conditional model.
     *
     * @param labels one for each image of the batch
     * @param device where it computes
     */
    public static Guided plain(ConditionalDenoiser model, long[] labels, Device device) {
        return new Guided(model, labels, NO_LABEL, 1, device);
    }

    /**
     * The guided model.
     *
     * @param nullLabel the null class's label, which stood in training where a label was left out; at least 0
     * @param weight at least 0
     */
    public static Guided of(ConditionalDenoiser model, long[] labels, long nullLabel, double weight, Device device) {
        if (!(weight >= 0) || !Double.isFinite(weight)) {
            throw new IllegalArgumentException(
                    "a guidance weight is 0 (unconditional), 1 (plain) or any larger number," + " not " + weight);
        }
        if (nullLabel < 0) {
            throw new IllegalArgumentException("a null label is at least 0, not " + nullLabel);
        }
        return new Guided(model, labels, nullLabel, weight, device);
    }

    @Override
    public Denoiser slice(int from, int to) {
        if (from < 0 || to > labels.length || from >= to) {
            throw new IllegalArgumentException("there are labels for images 0.." + (labels.length - 1) + ", and images "
                    + from + ".." + (to - 1) + " are to be drawn");
        }
        int n = to - from;
        var given = Arrays.copyOfRange(labels, from, to);
        if (weight == 1) {
            return new Part(model, Tensor.of(given, Shape.of(n)).on(device), 1);
        }
        var nothing = new long[n];
        Arrays.fill(nothing, nullLabel);
        if (weight == 0) {
            return new Part(model, Tensor.of(nothing, Shape.of(n)).on(device), 1);
        }
        var both = Arrays.copyOf(given, 2 * n);
        System.arraycopy(nothing, 0, both, n, n);
        return new Part(model, Tensor.of(both, Shape.of(2 * n)).on(device), weight);
    }

    @Override
    public Tensor predict(Tensor xt, Tensor t) {
        return slice(0, labels.length).predict(xt, t);
    }

    /** @param labels {@code [B]}, or at a weight other than 1 {@code [2B]}: the images' labels, then as many null labels */
    private record Part(ConditionalDenoiser model, Tensor labels, double weight) implements Denoiser {
        @Override
        public Tensor predict(Tensor xt, Tensor t) {
            if (weight == 1) {
                return model.predict(xt, t, labels);
            }
            long batch = xt.shape().size(0);
            long channels = xt.shape().size(1);
            var times = t.shape().size(0) == 1 ? t : Ops.cat(0, t, t);
            var outputs = model.predict(Ops.cat(0, xt, xt), times, labels); // [2B, C', H, W]
            var labelled = outputs.narrow(0, 0, batch);
            var plain = outputs.narrow(0, batch, batch).narrow(1, 0, channels);
            var mixed = plain.add(labelled.narrow(1, 0, channels).sub(plain).mul(weight));
            long others = outputs.shape().size(1) - channels;
            return others == 0 ? mixed : Ops.cat(1, mixed, labelled.narrow(1, channels, others));
        }
    }
}
