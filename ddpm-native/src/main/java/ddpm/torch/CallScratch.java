package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A few hundred bytes per thread for arguments and results of C calls, so that calls allocate nothing. */
final class CallScratch {
    private static final int CELLS = 64;
    private static final ThreadLocal<CallScratch> LOCAL = ThreadLocal.withInitial(CallScratch::new);

    private final MemorySegment segment = Arena.ofAuto().allocate(8L * CELLS, 16);
    /** Where results come back; the cells behind it are free for arguments. */
    final long address = segment.address();

    static CallScratch get() {
        return LOCAL.get();
    }

    long getLong(int cell) {
        return segment.getAtIndex(JAVA_LONG, cell);
    }

    int getInt() {
        return segment.get(JAVA_INT, 0);
    }

    void setLong(int cell, long value) {
        segment.setAtIndex(JAVA_LONG, cell, value);
    }

    /** Writes longs from {@code cell} on and returns their address. */
    long setLongs(int cell, long[] values) {
        for (int i = 0; i < values.length; i++) {
            segment.setAtIndex(JAVA_LONG, cell + i, values[i]);
        }
        return address + 8L * cell;
    }
}
