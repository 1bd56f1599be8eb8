package ddpm.sampling;

import ddpm.sampling.StepLauncher.Mark;
import ddpm.sampling.StepLauncher.Recording;
import ddpm.torch.TorchException;
import java.util.ArrayList;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

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
 * <p>If recording fails, the body's memory is as it was, and the loop goes on eagerly unless a number of steps was
 * asked for. A later walk uses the recording at once.
 */
final class GraphLoop implements AutoCloseable {
    /** Graph nodes of one launch. A driver keeps some ten kilobytes for each; launches of this size cost no time. */
    static final long NODE_BUDGET = 4096;

    /** Launches that may wait in the queue: the device never idles, and an interrupt waits for no more. */
    static final int AHEAD = 2;

    /** The beginning of the note where the loop cannot be launched as a whole, before the reason. */
    static final String IN_PARTS = "the loop is launched in parts, not as a whole: ";

    private static final long POLL_MILLIS = 20;

    /** The {@link #perLaunch} of a recording that loops by itself. */
    private static final int WHOLE = Integer.MAX_VALUE;

    /** The stage of a loop. */
    enum State {
        EAGER,
        CAPTURED,
        REPLAYED,
        CLOSED
    }

    /** One step of the loop, whatever it does: it works on fixed memory, and asks the host for nothing while it is recorded. */
    interface Body {
        /** The most steps that one launch may have. */
        int most();

        /** Makes room for launches of so many steps; not while they are recorded. */
        void reserve(int steps);

        /** Does the host's work for steps {@code first, .., first + steps - 1} of the walk, counted from 0, before they run. */
        void prepare(int first, int steps);

        /** Runs or records one step; its place counts from 0 in its launch. */
        void step(int place);

        /** Why a device cannot loop over the body by itself, or empty. */
        Optional<String> whyNoLoop();

        /** Records the step of a loop that runs by itself, which ends by setting the condition with this handle. */
        void stepAndSet(long condition);

        /** Reads how many steps are left, beside the device's queue. */
        int stepsLeft();

        /** Lets a loop that runs by itself end after the step that it is at. */
        void endEarly();
    }

    private final Body body;
    private final StepLauncher launcher;
    private final Consumer<String> notes;
    private GraphSteps wanted;
    private Recording recording;
    /** Steps of one launch; 0 while nothing is recorded. */
    private int perLaunch;

    private State state = State.EAGER;

    /** @param notes takes a line where something asked for is not done, with the reason */
    GraphLoop(Body body, StepLauncher launcher, GraphSteps wanted, Consumer<String> notes) {
        this.body = body;
        this.launcher = launcher;
        this.wanted = wanted;
        this.notes = notes;
    }

    State state() {
        return state;
    }

    /**
     * Makes so many steps of the body and returns when all are done.
     *
     * @param queued takes how many steps are in the queue so far, after every launch and every eager step
     * @throws TorchException if a number of steps per launch was asked for and they cannot be recorded
     * @throws java.util.concurrent.CancellationException if this thread is interrupted
     */
    void walk(int steps, StepCount count, IntConsumer queued) {
        if (state == State.CLOSED) {
            throw new IllegalStateException("this loop was closed");
        }
        int done = 0;
        if (recording == null && wanted.kind() != GraphSteps.Kind.NONE && steps > 0) {
            done = eagerly(0, 1, count, queued);
            capture(steps - done);
        }
        int left = steps - done;
        if (recording == null) {
            eagerly(done, left, count, queued);
        } else if (perLaunch == WHOLE) {
            launchWhole(left, count, queued);
        } else {
            done = eagerly(done, left % perLaunch, count, queued);
            launchParts(done, left / perLaunch, count, queued);
        }
    }

    private int eagerly(int done, int steps, StepCount count, IntConsumer queued) {
        for (int i = 0; i < steps; i++) {
            count.checkCancelled();
            body.prepare(done, 1);
            body.step(0);
            done++;
            count.add(1);
            queued.accept(done);
        }
        return done;
    }

    // ---- EAGER to CAPTURED ----------------------------------------------------------------------------------------

    private void capture(int left) {
        if (left == 0) {
            return; // nothing to launch
        }
        if (wanted.kind() == GraphSteps.Kind.ALL && captureLoop()) {
            return;
        }
        int most = Math.min(left, body.most());
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
        body.reserve(steps);
        recording = launcher.record(() -> {
            for (int place = 0; place < steps; place++) {
                body.step(place);
            }
        });
        perLaunch = steps;
        state = State.CAPTURED;
    }

    private boolean captureLoop() {
        var reason = body.whyNoLoop().or(launcher::whyNoLoop);
        if (reason.isEmpty()) {
            try {
                recording = launcher.recordLoop(body::stepAndSet);
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

    private void launchParts(int done, int launches, StepCount count, IntConsumer queued) {
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
                body.prepare(done, perLaunch);
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
            int counted = 0;
            try {
                while (!end.isPassed()) {
                    sleep();
                    count.checkCancelled();
                    int made = left - stepsLeft();
                    if (made > counted) {
                        count.add(made - counted);
                        counted = made;
                    }
                }
            } catch (RuntimeException e) { // an interrupt, or progress that throws to stop
                endEarly(end);
                throw e;
            }
            end.await(); // errors of the work come out here
            count.add(left - counted);
            queued.accept(left);
        }
    }

    private int stepsLeft() {
        var left = new int[1];
        launcher.beside(() -> left[0] = body.stepsLeft());
        return left[0];
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void endEarly(Mark end) {
        // Again and again, for the running step may write the counter between our write and its own reading.
        while (!end.isPassed()) {
            launcher.beside(body::endEarly);
        }
    }

    /** Frees what was recorded, after what is queued. */
    @Override
    public void close() {
        forget();
        state = State.CLOSED;
    }
}
