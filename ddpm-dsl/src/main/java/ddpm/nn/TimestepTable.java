package ddpm.nn;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.stream.LongStream;

/**
 * How a network embeds timesteps: at every call, or, where its parameters are fixed, all of them once. Then a step of
 * sampling looks up what its blocks are told, and computes nothing of it.
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

    private final Params params;
    private final Block embed;
    private final Cached all;

    /** @param embed from {@code [B]} to {@code [B, n]} float32 */
    TimestepTable(Params params, Block embed) {
        this.params = params;
        this.embed = embed;
        this.all = new Cached(params);
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
        if (params.timesteps() == 0
                || t.shape().numel() != 1
                || t.dtype() != DType.INT64
                || !t.device().equals(Device.CPU)) {
            return At.COMPUTED;
        }
        long value = t.toLongs()[0];
        return value >= 0 && value < params.timesteps() ? (int) value : At.COMPUTED;
    }

    private Tensor everyTimestep() {
        return Tensor.of(LongStream.range(0, params.timesteps()).toArray(), Shape.of(params.timesteps()));
    }
}
