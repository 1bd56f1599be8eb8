package ddpm.sampling;

import ddpm.torch.Tensor;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.ObjLongConsumer;

/** The steps of a reverse process as the body of a {@link GraphLoop}: each also takes the index on the device a step down. */
final class RecordedSteps implements GraphLoop.Body {
    private final ReverseProcess process;
    private final Consumer<Tensor> stepDown;
    private final ObjLongConsumer<Tensor> stepDownAndSet;

    /**
     * @param stepDown takes the index a step down
     * @param stepDownAndSet also sets a loop's condition; null where the device cannot
     */
    RecordedSteps(ReverseProcess process, Consumer<Tensor> stepDown, ObjLongConsumer<Tensor> stepDownAndSet) {
        this.process = process;
        this.stepDown = stepDown;
        this.stepDownAndSet = stepDownAndSet;
    }

    @Override
    public int most() {
        return process.noise().most();
    }

    @Override
    public void reserve(int steps) {
        process.noise().reserve(steps);
    }

    @Override
    public void prepare(int first, int steps) {
        process.prepareNoise(process.route().index(first), steps);
    }

    @Override
    public void step(int place) {
        process.step(place);
        stepDown.accept(process.index());
    }

    @Override
    public Optional<String> whyNoLoop() {
        if (!process.route().endsAtImage()) {
            return Optional.of("it stops before the chain's end");
        }
        return stepDownAndSet == null ? Optional.of("the noise is not made on the device") : Optional.empty();
    }

    @Override
    public void stepAndSet(long condition) {
        process.step(0);
        stepDownAndSet.accept(process.index(), condition);
    }

    @Override
    public int stepsLeft() {
        return Math.toIntExact(process.index().toLongs()[0]) + 1;
    }

    @Override
    public void endEarly() {
        process.index().fill(0);
    }
}
