package ddpm.cli.console;

import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * Progress of counted work, with its speed and the time left: a bar on a terminal, elsewhere a line every half minute.
 * Safe for any number of threads.
 */
public final class Progress {
    /** A log file of an hour gets some hundred lines. */
    private static final long NANOS_PER_LINE = 30_000_000_000L;

    private static final long NANOS_PER_DRAWING = 100_000_000L;
    private static final int BAR = 24;

    private final Console console;
    private final String unit;
    private final long total;
    private final LongSupplier clock;
    private final long started;
    private long shown;

    /**
     * @param unit what is counted, in the plural
     * @param total how many there are, at least 1
     * @param clock nanoseconds, as of {@link System#nanoTime()}
     */
    public Progress(Console console, String unit, long total, LongSupplier clock) {
        this.console = console;
        this.unit = unit;
        this.total = total;
        this.clock = clock;
        this.started = clock.getAsLong();
        this.shown = started;
    }

    /** Reports that {@code done} of the total are done. */
    public synchronized void at(long done) {
        long now = clock.getAsLong();
        if (now - shown < (console.canBeDrawnOn() ? NANOS_PER_DRAWING : NANOS_PER_LINE) || done == 0) {
            return;
        }
        shown = now;
        double seconds = (now - started) / 1e9;
        double speed = done / seconds;
        String numbers = String.format(
                Locale.ROOT,
                "%3d%%  %d/%d %s  %.1f %s/s  %s left",
                100 * done / total,
                done,
                total,
                unit,
                speed,
                unit,
                duration((total - done) / speed));
        if (console.canBeDrawnOn()) {
            int full = (int) (BAR * done / total);
            console.status("[" + "#".repeat(full) + ".".repeat(BAR - full) + "] " + numbers);
        } else {
            console.note(duration(seconds) + "  " + numbers.strip());
        }
    }

    /** Takes the bar away; to be called however the work ended. */
    public void end() {
        console.status("");
    }

    /** Seconds since the beginning. */
    public double seconds() {
        return (clock.getAsLong() - started) / 1e9;
    }

    /** {@code 0:07}, {@code 12:00} or {@code 3:00:00}. */
    static String duration(double seconds) {
        long s = Math.round(seconds);
        return s < 3600
                ? String.format(Locale.ROOT, "%d:%02d", s / 60, s % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
    }
}
