package ddpm.train;

import ddpm.nn.Params;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;

/**
 * The exponential moving average of a network's weights, see {@link Ema#of}.
 *
 * <pre>{@code
 * try (var average = new Ema(0.9999, false).of(params)) {
 *     ... average.update(step) after every step ...
 *     try (var _ = params.with(average.flat())) {
 *         ... draw with the average ...
 *     }
 * }
 * }</pre>
 */
public final class WeightAverage implements AutoCloseable {
    private final Params params;
    private final Ema ema;
    private final Tensor flat;

    WeightAverage(Params params, Ema ema) {
        this.params = params;
        this.ema = ema;
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            flat = TensorScope.detach(params.flat().copy());
        }
    }

    /** Moves the average towards the weights, after the step with this number, counted from 0. */
    public void update(long step) {
        try (var _ = GradMode.off()) {
            Ops.lerpInPlace(flat, params.flat(), 1 - ema.at(step));
        }
    }

    /** Starts anew from the weights as they are. */
    public void reset() {
        try (var _ = GradMode.off()) {
            flat.copyFrom(params.flat());
        }
    }

    /** The average, a flat vector in the parameters' layout. */
    public Tensor flat() {
        return flat;
    }

    /** Frees the average. */
    @Override
    public void close() {
        flat.close();
    }
}
