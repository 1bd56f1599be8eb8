package ddpm.sampling;

import java.util.Optional;
import java.util.function.LongConsumer;

/** A device that records work once and launches it many times. What is not recorded runs at once on the same queue. */
interface StepLauncher extends AutoCloseable {
    /** Recorded work. */
    interface Recording extends AutoCloseable {
        /** How large it is, in graph nodes. */
        long nodes();

        /** Puts the work at the queue's end and returns at once. */
        void launch();

        @Override
        void close();
    }

    /** A place in the queue. */
    interface Mark extends AutoCloseable {
        /** Puts it at the queue's end. */
        void set();

        /** Whether the queue has come so far. */
        boolean isPassed();

        /** Waits until the queue has come so far. */
        void await();

        @Override
        void close();
    }

    /**
     * Records work without running it.
     *
     * @throws ddpm.torch.TorchException if it cannot be recorded; the launcher stays usable
     */
    Recording record(Runnable work);

    /** Why {@link #recordLoop} cannot be used, or empty. */
    Optional<String> whyNoLoop();

    /**
     * Records the body of a loop that runs until its condition is 0.
     *
     * @param body is given the condition's handle
     */
    Recording recordLoop(LongConsumer body);

    /** A mark at the queue's end. */
    Mark mark();

    /** Runs work beside the queue, not behind it. */
    void beside(Runnable work);

    @Override
    void close();
}
