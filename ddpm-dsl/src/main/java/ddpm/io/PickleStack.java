package ddpm.io;

import java.util.ArrayList;
import java.util.List;

/**
 * The stack of a pickle machine with its marks. It counts what is pushed, so that a small file cannot swell: the caps
 * are far above what real checkpoints use.
 */
final class PickleStack {
    private static final int MAX_VALUES = 8_000_000;
    private static final int MAX_CONTAINERS = 1_000_000;
    private static final int MAX_HEIGHT = 2_000_000;

    private final PickleInput in;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();
    private int values;
    private int containers;

    /** @param in where the machine reads, for the position in messages */
    PickleStack(PickleInput in) {
        this.in = in;
    }

    boolean isEmpty() {
        return stack.isEmpty() && marks.isEmpty();
    }

    void push(Object value) throws FileFormatException {
        if (++values > MAX_VALUES || stack.size() >= MAX_HEIGHT) {
            throw in.bad("more than " + MAX_VALUES + " values or " + MAX_HEIGHT
                    + " at once are refused; no checkpoint needs so many outside its tensors");
        }
        stack.add(value);
    }

    void pushContainer(Object container) throws FileFormatException {
        if (++containers > MAX_CONTAINERS) {
            throw in.bad("more than " + MAX_CONTAINERS + " containers are refused; no checkpoint needs so many");
        }
        push(container);
    }

    /** Where the values above the latest mark begin; nothing below a mark may be popped. */
    private int floor() {
        return marks.isEmpty() ? 0 : marks.getLast();
    }

    Object peek() throws FileFormatException {
        if (stack.size() <= floor()) {
            throw in.bad("an opcode needs a value where its stack has none");
        }
        return stack.getLast();
    }

    Object pop() throws FileFormatException {
        peek();
        return stack.removeLast();
    }

    List<Object> popLast(int n) throws FileFormatException {
        if (stack.size() - floor() < n) {
            throw in.bad("an opcode needs " + n + " values where its stack has " + (stack.size() - floor()));
        }
        return popFrom(stack.size() - n);
    }

    void mark() throws FileFormatException {
        if (marks.size() >= MAX_HEIGHT) {
            throw in.bad("more than " + MAX_HEIGHT + " open marks are refused");
        }
        marks.add(stack.size());
    }

    List<Object> popToMark() throws FileFormatException {
        if (marks.isEmpty()) {
            throw in.bad("an opcode needs a mark where its stack has none");
        }
        return popFrom(marks.removeLast());
    }

    private List<Object> popFrom(int begin) {
        var tail = stack.subList(begin, stack.size());
        var popped = new ArrayList<>(tail);
        tail.clear();
        return popped;
    }
}
