package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.locks.Lock;

/**
 * One operator of libtorch's dispatcher, by schema name, e.g. {@code aten::conv2d}.
 *
 * <p>A call lists <em>every</em> argument of the schema in order, defaults included. Nothing native is allocated until
 * all arguments are known and all tensors are held, so that no other thread's {@code close()} frees them; from the moment
 * the dispatcher is entered, libtorch owns what was passed, also when it fails.
 */
final class Op {
    static final int MAX_ARGUMENTS = 24;

    private final String name;
    private final String overload;
    private final long nameAddress;
    private final long overloadAddress;

    Op(String name, String overload) {
        this.name = name;
        this.overload = overload;
        this.nameAddress = Arena.global().allocateFrom(name).address();
        this.overloadAddress = Arena.global().allocateFrom(overload).address();
    }

    Op(String name) {
        this(name, "");
    }

    /** Starts a call; the object is this thread's own and must be run before the next call starts. */
    Call call() {
        var call = Call.LOCAL.get();
        call.op = this;
        call.count = 0;
        return call;
    }

    @Override
    public String toString() {
        return overload.isEmpty() ? name : name + "." + overload;
    }

    private enum Kind {
        /** The value itself: int, bool, enum, raw bits of a double, or 0 for None. */
        VALUE,
        /** An optional that is present: a heap cell that holds the value. */
        PRESENT,
        TENSOR,
        PRESENT_TENSOR,
        LONGS,
        PRESENT_LONGS,
        TENSORS,
        STRING,
        PRESENT_STRING
    }

    /** The arguments of one call. */
    static final class Call {
        private static final ThreadLocal<Call> LOCAL = ThreadLocal.withInitial(Call::new);

        private final Kind[] kinds = new Kind[MAX_ARGUMENTS];
        private final long[] values = new long[MAX_ARGUMENTS];
        private final Object[] objects = new Object[MAX_ARGUMENTS];
        private final MemorySegment stack = Arena.ofAuto().allocate(8L * MAX_ARGUMENTS, 16);
        private final CallScratch scratch = CallScratch.get();
        private Op op;
        private int count;

        private Call put(Kind kind, long value, Object object) {
            kinds[count] = kind;
            values[count] = value;
            objects[count++] = object;
            return this;
        }

        Call tensor(Tensor tensor) {
            return put(Kind.TENSOR, 0, plain(tensor));
        }

        /** {@code Tensor?}: null is None. */
        Call optional(Tensor tensor) {
            return tensor == null ? none() : put(Kind.PRESENT_TENSOR, 0, plain(tensor));
        }

        /** A weight that oneDNN has laid out, for the operators that know how. */
        Call packed(Tensor weight) {
            return put(Kind.TENSOR, 0, weight);
        }

        /** Most operators read packed memory as if it were plain, or fail in their own words. */
        private static Tensor plain(Tensor tensor) {
            if (tensor.isPacked()) {
                throw new IllegalArgumentException("a packed weight " + tensor.shape() + " is for PackedKernel alone");
            }
            return tensor;
        }

        Call tensors(Tensor... tensors) {
            var copy = tensors.clone(); // what is held must be what is released
            for (var tensor : copy) {
                plain(tensor);
            }
            return put(Kind.TENSORS, 0, copy);
        }

        Call integer(long value) {
            return put(Kind.VALUE, value, null);
        }

        Call optionalInteger(long value) {
            return put(Kind.PRESENT, value, null);
        }

        /** {@code float?} that is present. */
        Call optionalReal(double value) {
            return put(Kind.PRESENT, Double.doubleToRawLongBits(value), null);
        }

        Call bool(boolean value) {
            return put(Kind.VALUE, value ? 1 : 0, null);
        }

        Call real(double value) {
            return put(Kind.VALUE, Double.doubleToRawLongBits(value), null);
        }

        Call none() {
            return put(Kind.VALUE, 0, null);
        }

        Call integers(long... values) {
            return put(Kind.LONGS, 0, values);
        }

        /** {@code int[]?} that is present. */
        Call presentIntegers(long... values) {
            return put(Kind.PRESENT_LONGS, 0, values);
        }

        Call string(String text) {
            return put(Kind.STRING, 0, text);
        }

        /** {@code str?} that is present. */
        Call presentString(String text) {
            return put(Kind.PRESENT_STRING, 0, text);
        }

        /** Runs an operator that returns one tensor, which the current scope owns. */
        Tensor one() {
            var scope = TensorScope.current();
            run(false);
            var result = new Tensor(stack.getAtIndex(JAVA_LONG, 0), scope);
            OpWatch.ran(op);
            return result;
        }

        /** Runs an operator that returns so many tensors, which the current scope owns. */
        Tensor[] several(int count) {
            var scope = TensorScope.current();
            run(false);
            var results = new Tensor[count];
            for (int i = 0; i < count; i++) {
                results[i] = new Tensor(stack.getAtIndex(JAVA_LONG, i), scope);
            }
            OpWatch.ran(op);
            return results;
        }

        /** Runs an operator that returns a list of tensors, which the current scope owns. */
        Tensor[] list() {
            var scope = TensorScope.current();
            run(false);
            long list = stack.getAtIndex(JAVA_LONG, 0);
            try {
                var results = new Tensor[Abi.listSize(list, scratch)];
                for (int i = 0; i < results.length; i++) {
                    results[i] = new Tensor(Abi.listGetItem(list, i, scratch), scope);
                }
                OpWatch.ran(op);
                return results;
            } finally {
                Abi.deleteList(list);
            }
        }

        /** Runs an operator that returns its first argument, changed in place. */
        void inPlace() {
            run(true);
            TensorAbi.deleteTensorObject(stack.getAtIndex(JAVA_LONG, 0));
            OpWatch.ran(op);
        }

        /** Runs an operator whose schema returns nothing. */
        void nothing() {
            run(false);
            OpWatch.ran(op);
        }

        private void run(boolean changes) {
            int n = count;
            int held = 0;
            Lock lock = null;
            try {
                for (; held < n; held++) {
                    hold(objects[held]);
                }
                lock = changes && changesGraph() ? GraphLock.change() : GraphLock.read();
                for (int i = 0; i < n; i++) {
                    stack.setAtIndex(JAVA_LONG, i, encode(kinds[i], values[i], objects[i]));
                }
                var profile = OpProfile.active;
                long start = profile == null ? 0 : System.nanoTime();
                int code = Abi.callDispatcher(op.nameAddress, op.overloadAddress, stack.address());
                if (profile != null) {
                    profile.count(label(), System.nanoTime() - start);
                }
                if (code != 0) {
                    throw Abi.failed(this::describe);
                }
            } finally {
                GraphLock.leave(lock);
                while (held > 0) {
                    letGo(objects[--held]);
                }
                Arrays.fill(objects, 0, n, null); // do not hold tensors of the past
            }
        }

        /** Whether a change in place is recorded, because one of the tensors requires a gradient. */
        private boolean changesGraph() {
            if (Abi.gradModeIsEnabled()) {
                for (int i = 0; i < count; i++) {
                    if (objects[i] instanceof Tensor tensor && tensor.requiresGrad()) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** Begins a use of an argument's tensors; of none of them if one is closed. */
        private static void hold(Object argument) {
            if (argument instanceof Tensor tensor) {
                tensor.acquire();
            } else if (argument instanceof Tensor[] tensors) {
                int held = 0;
                try {
                    for (; held < tensors.length; held++) {
                        tensors[held].acquire();
                    }
                } finally {
                    while (held < tensors.length && held > 0) {
                        tensors[--held].release();
                    }
                }
            }
        }

        private static void letGo(Object argument) {
            if (argument instanceof Tensor tensor) {
                tensor.release();
            } else if (argument instanceof Tensor[] tensors) {
                for (var tensor : tensors) {
                    tensor.release();
                }
            }
        }

        private long encode(Kind kind, long value, Object object) {
            return switch (kind) {
                case VALUE -> value;
                case PRESENT -> cell(value);
                case TENSOR -> duplicate((Tensor) object);
                case PRESENT_TENSOR -> cell(duplicate((Tensor) object));
                case LONGS -> newLongs((long[]) object);
                case PRESENT_LONGS -> cell(newLongs((long[]) object));
                case TENSORS -> {
                    var tensors = (Tensor[]) object;
                    long list = Abi.newList(tensors.length, scratch);
                    for (var tensor : tensors) {
                        Abi.listPushBack(list, duplicate(tensor));
                    }
                    yield list;
                }
                case STRING -> newString((String) object);
                case PRESENT_STRING -> cell(newString((String) object));
            };
        }

        private long newLongs(long[] elements) {
            long list = Abi.newList(elements.length, scratch);
            for (long element : elements) {
                Abi.listPushBack(list, element);
            }
            return list;
        }

        private long newString(String text) {
            try (var arena = Arena.ofConfined()) {
                var bytes = arena.allocateFrom(text);
                return Abi.newString(bytes.address(), bytes.byteSize() - 1, scratch);
            }
        }

        /** Makes a handle for the dispatcher, which consumes those that it is given. */
        private long duplicate(Tensor tensor) {
            return TensorAbi.newTensorHandle(tensor.held(), scratch);
        }

        private long cell(long value) {
            long cell = Abi.newCell(scratch);
            MemorySegment.ofAddress(cell).reinterpret(8).set(JAVA_LONG, 0, value);
            return cell;
        }

        /** {@code aten::conv2d [8, 64, 32, 32]}: the operator and its first tensor's shape. */
        private String label() {
            return op + (objects[0] instanceof Tensor first ? " " + first.shape() : "");
        }

        /** {@code aten::conv2d(float32 [1, 3, 32, 32] cpu, ...)}. */
        private String describe() {
            var text = new StringBuilder(op.toString()).append('(');
            for (int i = 0; i < count; i++) {
                text.append(i == 0 ? "" : ", ");
                switch (kinds[i]) {
                    case LONGS, PRESENT_LONGS -> text.append(Arrays.toString((long[]) objects[i]));
                    case TENSORS ->
                        text.append(Arrays.stream((Tensor[]) objects[i])
                                .map(Tensor::describe)
                                .toList());
                    case TENSOR, PRESENT_TENSOR -> text.append(((Tensor) objects[i]).describe());
                    case STRING, PRESENT_STRING -> text.append(objects[i]);
                    default -> text.append(values[i]);
                }
            }
            return text.append(')').toString();
        }
    }
}
