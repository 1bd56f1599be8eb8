package ddpm.io;

import java.util.ArrayList;
import java.util.List;

/** The stack of a pickle machine with its marks. All that is pushed is paid for, see {@link PickleInput#spend}. */
final class PickleStack {
    private static final int VALUE = 16;
    private static final int MARK = 24;
    /** A map with its first entries, and its plain copy. */
    private static final int CONTAINER = 256;

    private final PickleInput in;
    private final List<Object> stack = new ArrayList<>();
    private final List<Integer> marks = new ArrayList<>();

    /** @param in where the machine reads, for the position in messages */
    PickleStack(PickleInput in) {
        this.in = in;
    }

    boolean isEmpty() {
        return stack.isEmpty() && marks.isEmpty();
    }

    void push(Object value) throws FileFormatException {
        in.spend(VALUE);
        stack.add(value);
    }

    void pushContainer(Object container) throws FileFormatException {
        in.spend(CONTAINER);
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
        in.spend(MARK);
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
