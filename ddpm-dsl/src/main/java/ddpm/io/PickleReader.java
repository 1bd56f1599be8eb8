package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A pickle machine that can run nothing: it knows numbers, text and containers, and hands the few allowed names to
 * {@link TorchReduce}. Any other opcode or name ends the reading.
 *
 * <p>It makes {@code Long} or {@code BigInteger}, {@code Double}, {@code Boolean}, {@code String}, read-only
 * {@code ByteBuffer} (bytes), {@code null}, {@code LinkedHashMap}, {@code ArrayList}, {@code LinkedHashSet} and
 * {@link PickleTuple}. The result may contain itself; {@link TorchTree} refuses that.
 *
 * <p>Time and memory are at most proportional to the pickle's length, see {@link PickleInput}.
 */
final class PickleReader {
    /** A pickle takes about 150 bytes per tensor; this leaves room for a hundred thousand. */
    static final int MAX_BYTES = 16 << 20;

    private static final int MEMO_ENTRY = 64;
    private static final int DICT_ENTRY = 64;

    private final PickleInput in;
    private final PickleStack stack;
    private final TorchReduce reduce;
    private final Map<Integer, Object> memo = new HashMap<>();

    /** @param pickle stands on the pickle's first byte; after {@link #read} on the byte after its last */
    PickleReader(Path file, ByteBuffer pickle, TorchReduce reduce) {
        this.in = new PickleInput(file, pickle);
        this.stack = new PickleStack(in);
        this.reduce = reduce;
    }

    /** Runs the pickle to its STOP and returns what it built. */
    Object read() throws FileFormatException {
        while (true) {
            byte code = in.opcode();
            var op = PickleOp.of(code);
            if (op == null) {
                throw in.bad("opcode 0x" + HexFormat.of().toHexDigits(code)
                        + ", which makes no tensor or plain container, is refused");
            }
            if (op == PickleOp.STOP) {
                Object result = stack.pop();
                if (!stack.isEmpty()) {
                    throw in.bad("it ends with values left on its stack");
                }
                return result;
            }
            run(op);
        }
    }

    private void run(PickleOp op) throws FileFormatException {
        switch (op) {
            case PROTO -> requireProtocol(in.u1());
            case FRAME -> in.length8(); // a hint for buffering; checked against what remains, then not needed
            case MARK -> stack.mark();
            case POP -> stack.pop();
            case POP_MARK -> stack.popToMark();
            case DUP -> stack.push(stack.peek());
            case NONE -> stack.push(null);
            case NEWTRUE -> stack.push(true);
            case NEWFALSE -> stack.push(false);
            case BININT -> stack.push((long) in.int4());
            case BININT1 -> stack.push((long) in.u1());
            case BININT2 -> stack.push((long) in.u2());
            case LONG1 -> stack.push(in.integer(in.u1()));
            case LONG4 -> stack.push(in.integer(in.length4()));
            case BINFLOAT -> stack.push(in.float8());
            case SHORT_BINSTRING, SHORT_BINUNICODE -> stack.push(in.text(in.u1()));
            case BINSTRING, BINUNICODE -> stack.push(in.text(in.length4()));
            case BINUNICODE8 -> stack.push(in.text(in.length8()));
            case SHORT_BINBYTES -> stack.push(in.bytes(in.u1()));
            case BINBYTES -> stack.push(in.bytes(in.length4()));
            case BINBYTES8 -> stack.push(in.bytes(in.length8()));
            case EMPTY_LIST -> stack.pushContainer(new ArrayList<>(0));
            case APPEND -> appendAll(stack.popLast(1));
            case APPENDS -> appendAll(stack.popToMark());
            case EMPTY_TUPLE -> stack.pushContainer(new PickleTuple(List.of()));
            case TUPLE -> stack.pushContainer(new PickleTuple(stack.popToMark()));
            case TUPLE1 -> stack.pushContainer(new PickleTuple(stack.popLast(1)));
            case TUPLE2 -> stack.pushContainer(new PickleTuple(stack.popLast(2)));
            case TUPLE3 -> stack.pushContainer(new PickleTuple(stack.popLast(3)));
            case EMPTY_DICT -> stack.pushContainer(new LinkedHashMap<>());
            case SETITEM -> setItems(stack.popLast(2));
            case SETITEMS -> setItems(stack.popToMark());
            case EMPTY_SET -> stack.pushContainer(new LinkedHashSet<>());
            case ADDITEMS -> addAll(stack.popToMark());
            case BINPUT -> remember(in.u1());
            case LONG_BINPUT -> remember(in.int4());
            case MEMOIZE -> remember(memo.size());
            case BINGET -> stack.push(recall(in.u1()));
            case LONG_BINGET -> stack.push(recall(in.int4()));
            case GLOBAL -> stack.push(global(in.line(), in.line()));
            case STACK_GLOBAL -> stackGlobal();
            case REDUCE -> reduce();
            case BUILD -> build();
            case BINPERSID -> stack.pushContainer(reduce.persistent(stack.pop(), in));
            case STOP -> throw new IllegalStateException("handled by read()");
        }
    }

    private void remember(int index) throws FileFormatException {
        in.spend(MEMO_ENTRY);
        memo.put(index, stack.peek());
    }

    private Object recall(int index) throws FileFormatException {
        if (!memo.containsKey(index)) {
            throw in.bad("it recalls entry " + Integer.toUnsignedString(index) + " that it never stored");
        }
        return memo.get(index);
    }

    // Containers. Only ArrayList, LinkedHashMap and LinkedHashSet are ever on the stack, so the casts hold.

    @SuppressWarnings("unchecked")
    private void appendAll(List<Object> items) throws FileFormatException {
        if (!(stack.peek() instanceof ArrayList<?> list)) {
            throw in.bad("it appends to something that is not a list");
        }
        ((List<Object>) list).addAll(items);
    }

    @SuppressWarnings("unchecked")
    private void setItems(List<Object> pairs) throws FileFormatException {
        if (!(stack.peek() instanceof LinkedHashMap<?, ?> dict) || pairs.size() % 2 != 0) {
            throw in.bad("it sets items of something that is not a dict, or a key without a value");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            ((Map<Object, Object>) dict).put(key(pairs.get(i)), pairs.get(i + 1));
        }
    }

    @SuppressWarnings("unchecked")
    private void addAll(List<Object> items) throws FileFormatException {
        if (!(stack.peek() instanceof LinkedHashSet<?> set)) {
            throw in.bad("it adds to something that is not a set");
        }
        for (var item : items) {
            ((Set<Object>) set).add(key(item));
        }
    }

    /** Only scalars may be keys, and text costs its length: it is compared with others of its hash each time. */
    private Object key(Object value) throws FileFormatException {
        if (isScalar(value)) {
            in.spend(DICT_ENTRY + TorchReduce.length(value));
            return value;
        }
        throw in.bad("a dict key or set element is neither text nor a number; only those are allowed");
    }

    static boolean isScalar(Object value) {
        return value == null
                || value instanceof String
                || value instanceof Number
                || value instanceof Boolean
                || value instanceof ByteBuffer;
    }

    // Names

    private void stackGlobal() throws FileFormatException {
        var names = stack.popLast(2);
        if (!(names.get(0) instanceof String module) || !(names.get(1) instanceof String name)) {
            throw in.bad("it names a global by something that is not text");
        }
        stack.push(global(module, name));
    }

    private Object global(String module, String name) throws FileFormatException {
        Object global = TorchGlobal.find(module, name);
        if (global == null) {
            throw in.bad("it asks for " + quote(module + "." + name)
                    + ", which is refused: only tensors of types this library handles and plain containers are read, "
                    + "and nothing is ever run. Load the file with Python where you trust it and save "
                    + "model.state_dict() alone");
        }
        return global;
    }

    private void reduce() throws FileFormatException {
        Object arguments = stack.pop();
        Object callable = stack.pop();
        if (!(arguments instanceof PickleTuple tuple) || !(callable instanceof TorchGlobal global)) {
            throw in.bad("it calls something that is not one of the allowed names");
        }
        stack.pushContainer(reduce.call(global, tuple, in));
    }

    /** State dicts carry a {@code _metadata} attribute, the versions of modules; nothing here depends on it. */
    private void build() throws FileFormatException {
        Object state = stack.pop();
        if (stack.peek() instanceof NumpyType type && state instanceof PickleTuple fields) {
            type.build(fields, in);
            return;
        }
        boolean metadataOnly = state instanceof LinkedHashMap<?, ?> attributes
                && attributes.keySet().equals(Set.of("_metadata"));
        if (!metadataOnly || !(stack.peek() instanceof LinkedHashMap<?, ?>)) {
            throw in.bad("it sets attributes other than a state dict's _metadata, which is refused");
        }
    }

    private void requireProtocol(int protocol) throws FileFormatException {
        if (protocol < 2 || protocol > 5) {
            throw in.bad("its protocol is " + protocol + "; 2 to 5 are read");
        }
    }
}
