package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A thread's reusable memory of 64 cells for arguments and results of C calls, so that calls allocate nothing. */
final class CallScratch {
    private static final int CELLS = 64;
    private static final ThreadLocal<CallScratch> OF_THREAD = ThreadLocal.withInitial(CallScratch::new);

    private final MemorySegment segment = Arena.ofAuto().allocate(8L * CELLS, 16);
    /** The address of the first cell, into which C functions write their result; the next call overwrites it. */
    final long address = segment.address();

    /** Returns the calling thread's scratch memory. */
    static CallScratch get() {
        return OF_THREAD.get();
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

    /** Writes values from {@code cell} on and returns the address of the first. */
    long setLongs(int cell, long[] values) {
        for (int i = 0; i < values.length; i++) {
            segment.setAtIndex(JAVA_LONG, cell + i, values[i]);
        }
        return address + 8L * cell;
    }
}
