package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.stream.LongStream;

/**
 * The embeddings of a network's timesteps: computed at every call, or, where its parameters are fixed, all of them once. A
 * step of sampling then looks its embedding up.
 */
final class TimestepTable {
    /**
     * The timesteps as blocks take them.
     *
     * @param embedding {@code [B, n]}, {@code [1, n]} for all images, or {@code [T, n]} of all timesteps
     * @param row which of all timesteps it is, or {@link #COMPUTED}
     */
    record At(Tensor embedding, int row) {
        private static final int COMPUTED = -1;

        static At computed(Tensor embedding) {
            return new At(embedding, COMPUTED);
        }

        boolean isTabulated() {
            return row != COMPUTED;
        }
    }

    private final Block embed;
    private final Cached all;
    private int timesteps;

    /** @param embed from {@code [B]} to {@code [B, n]} float32 */
    TimestepTable(ParamPath path, Block embed) {
        this.embed = embed;
        this.all = new Cached(path);
    }

    /** Embeds 0..timesteps-1 at once where parameters are fixed; 0 embeds each when it comes. */
    void tabulate(int timesteps) {
        this.timesteps = timesteps;
    }

    /** @param t {@code [B]}, or {@code [1]} for all images */
    At at(Tensor t) {
        int row = row(t);
        return row == At.COMPUTED
                ? At.computed(embed.forward(t))
                : new At(all.get(DType.FLOAT32, () -> embed.forward(everyTimestep())), row);
    }

    private int row(Tensor t) {
        // On a GPU the value would have to be waited for, and small products are not what takes the time.
        if (timesteps == 0
                || !all.isKept()
                || t.shape().numel() != 1
                || t.dtype() != DType.INT64
                || !t.device().equals(Device.CPU)) {
            return At.COMPUTED;
        }
        long value = t.toLongs()[0];
        return value >= 0 && value < timesteps ? (int) value : At.COMPUTED;
    }

    private Tensor everyTimestep() {
        return Tensor.of(LongStream.range(0, timesteps).toArray(), Shape.of(timesteps));
    }
}
