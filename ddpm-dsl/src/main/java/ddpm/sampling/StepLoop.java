package ddpm.sampling;

import ddpm.sampling.StepLauncher.Mark;
import ddpm.sampling.StepLauncher.Recording;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.ObjLongConsumer;

/**
 * A loop of equal steps in three states: it runs eagerly, records itself once, and is launched again and again.
 *
 * <ol>
 *   <li>EAGER: the first step, which also warms up what the device's libraries make at first use, then as many as do not
 *       fill a launch. They are the loop's own first steps, so nothing is computed twice.
 *   <li>CAPTURED: K steps are recorded, which runs none of them.
 *   <li>REPLAYED: launches of K steps, with no host work between and at most {@value #AHEAD} in the queue, so that an
 *       interrupt is heard soon; or one launch of all that is left, where the device can loop by itself.
 * </ol>
 *
 * <p>If recording fails, x and the counter are what they were, and the loop goes on eagerly unless a number of steps was
 * asked for. A later walk uses the recording at once.
 */
final class StepLoop implements AutoCloseable {
    /** Graph nodes of one launch. A driver keeps some ten kilobytes for each; launches of this size cost no time. */
    static final long NODE_BUDGET = 4096;

    /** Launches that may wait in the queue: the device never idles, and an interrupt waits for no more. */
    static final int AHEAD = 2;

    /** What is told where the loop cannot be launched as a whole, before the reason. */
    static final String IN_PARTS = "the loop is launched in parts, not as a whole: ";

    private static final long POLL_MILLIS = 20;

    /** The {@link #perLaunch} of a recording that loops by itself. */
    private static final int WHOLE = Integer.MAX_VALUE;

    /** What the loop is at. */
    enum State {
        EAGER,
        CAPTURED,
        REPLAYED,
        CLOSED
    }

    private final StepProgram program;
    private final StepLauncher launcher;
    private final Consumer<Tensor> advance;
    private final ObjLongConsumer<Tensor> loopEnd;
    private final Consumer<String> notes;
    private GraphSteps wanted;
    private Recording recording;
    /** Steps of one launch; 0 while nothing is recorded. */
    private int perLaunch;

    private State state = State.EAGER;

    /**
     * @param advance takes the counter down, recorded or not
     * @param loopEnd takes the counter down and sets a loop's condition; null where the device cannot
     * @param notes hears why something asked for is not done
     */
    StepLoop(
            StepProgram program,
            StepLauncher launcher,
            GraphSteps wanted,
            Consumer<Tensor> advance,
            ObjLongConsumer<Tensor> loopEnd,
            Consumer<String> notes) {
        this.program = program;
        this.launcher = launcher;
        this.wanted = wanted;
        this.advance = advance;
        this.loopEnd = loopEnd;
        this.notes = notes;
    }

    State state() {
        return state;
    }

    /**
     * Walks steps {@code first..last} of the program, which stands at {@code first}. Returns when all are done.
     *
     * @param last at most first + 1, which walks none; a loop that the device makes as a whole ends at 0 only
     * @param queued hears how many steps are in the queue so far, after every launch and every eager step
     * @throws TorchException if a number of steps per launch was asked for and they cannot be recorded
     * @throws java.util.concurrent.CancellationException if this thread is interrupted
     */
    void walk(int first, int last, StepCount count, IntConsumer queued) {
        if (state == State.CLOSED) {
            throw new IllegalStateException("this loop was closed");
        }
        program.noise().reserve(1);
        int steps = first - last + 1;
        int done = 0;
        if (recording == null && wanted.kind() != GraphSteps.Kind.NONE && steps > 0) {
            done = eagerly(first, 0, 1, count, queued);
            capture(steps - done, last == 0);
        }
        int left = steps - done;
        if (recording == null) {
            eagerly(first, done, left, count, queued);
        } else if (perLaunch == WHOLE) {
            launchWhole(left, count, queued);
        } else {
            done = eagerly(first, done, left % perLaunch, count, queued);
            launchParts(first, done, left / perLaunch, count, queued);
        }
    }

    private int eagerly(int first, int done, int steps, StepCount count, IntConsumer queued) {
        for (int i = 0; i < steps; i++) {
            count.checkCancelled();
            program.noise().prepare(first - done, 1);
            program.step(0, advance);
            done++;
            count.add(1);
            queued.accept(done);
        }
        return done;
    }

    // ---- EAGER to CAPTURED ----------------------------------------------------------------------------------------

    private void capture(int left, boolean toTheEnd) {
        if (left == 0) {
            return; // nothing to launch
        }
        if (wanted.kind() == GraphSteps.Kind.ALL && captureLoop(toTheEnd)) {
            return;
        }
        int most = Math.min(left, program.noise().most());
        try {
            if (wanted.kind() == GraphSteps.Kind.SOME) {
                record(Math.min(wanted.count(), most));
            } else {
                record(1);
                int affordable = Math.clamp(NODE_BUDGET / Math.max(1, recording.nodes()), 1, most);
                if (affordable > 1) {
                    forget();
                    record(affordable);
                }
            }
        } catch (TorchException e) {
            forget();
            if (wanted.kind() == GraphSteps.Kind.SOME) {
                throw e;
            }
            notes.accept("steps run one by one, for they cannot be recorded: " + e.getMessage());
            wanted = GraphSteps.NONE;
        }
    }

    private void record(int steps) {
        program.noise().reserve(steps);
        recording = launcher.record(() -> {
            for (int place = 0; place < steps; place++) {
                program.step(place, advance);
            }
        });
        perLaunch = steps;
        state = State.CAPTURED;
    }

    private boolean captureLoop(boolean toTheEnd) {
        var reason = !toTheEnd
                ? Optional.of("it stops before the chain's end")
                : loopEnd == null ? Optional.of("the noise is not made on the device") : launcher.whyNoLoop();
        if (reason.isEmpty()) {
            try {
                recording =
                        launcher.recordLoop(condition -> program.step(0, index -> loopEnd.accept(index, condition)));
                perLaunch = WHOLE;
                state = State.CAPTURED;
                return true;
            } catch (TorchException e) {
                reason = Optional.of(e.getMessage());
            }
        }
        notes.accept(IN_PARTS + reason.get());
        return false;
    }

    private void forget() {
        if (recording != null) {
            var old = recording;
            recording = null;
            perLaunch = 0;
            state = State.EAGER;
            old.close();
        }
    }

    // ---- CAPTURED to REPLAYED -------------------------------------------------------------------------------------

    private void launchParts(int first, int done, int launches, StepCount count, IntConsumer queued) {
        var marks = new ArrayList<Mark>();
        try {
            for (int launch = 0; launch < launches; launch++) {
                count.checkCancelled();
                if (launch < AHEAD) {
                    marks.add(launcher.mark());
                } else {
                    marks.get(launch % AHEAD).await();
                    count.add(perLaunch);
                }
                program.noise().prepare(first - done, perLaunch);
                recording.launch();
                state = State.REPLAYED;
                marks.get(launch % AHEAD).set();
                done += perLaunch;
                queued.accept(done);
            }
            for (int launch = Math.max(0, launches - AHEAD); launch < launches; launch++) {
                marks.get(launch % AHEAD).await();
                count.add(perLaunch);
            }
        } finally {
            marks.forEach(Mark::close);
        }
    }

    /** One launch. Its progress is read beside it, and an interrupt ends it by setting its counter to the last step. */
    private void launchWhole(int left, StepCount count, IntConsumer queued) {
        if (left == 0) {
            return;
        }
        try (var end = launcher.mark()) {
            count.checkCancelled();
            recording.launch();
            state = State.REPLAYED;
            end.set();
            int told = 0;
            try {
                while (!end.isPassed()) {
                    sleep();
                    count.checkCancelled();
                    int made = left - 1 - stepOnDevice();
                    if (made > told) {
                        count.add(made - told);
                        told = made;
                    }
                }
            } catch (RuntimeException e) { // an interrupt, or progress that throws to stop
                endEarly(end);
                throw e;
            }
            end.await(); // errors of the work come out here
            count.add(left - told);
            queued.accept(left);
        }
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private int stepOnDevice() {
        var step = new long[1];
        launcher.beside(() -> step[0] = program.index().toLongs()[0]);
        return Math.toIntExact(step[0]);
    }

    private void endEarly(Mark end) {
        // Again and again, for the running step may write the counter between our write and its own reading.
        while (!end.isPassed()) {
            launcher.beside(() -> program.index().fill(0));
        }
    }

    /** Frees what was recorded, after what is queued. */
    @Override
    public void close() {
        forget();
        state = State.CLOSED;
    }
}
