package ddpm.torch;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One operator of libtorch's dispatcher, by schema name, e.g. {@code aten::conv2d}.
 *
 * <p>A call lists <em>every</em> argument of the schema in order, defaults included. Nothing native is allocated until
 * all arguments are known and all tensors are known to be open; from the moment the dispatcher is entered, libtorch owns
 * what was passed, also when it fails.
 */
final class Op {
    private static final int MAX_ARGUMENTS = 24;

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
        STRING
    }

    /** The arguments of one call. */
    static final class Call {
        private static final ThreadLocal<Call> LOCAL = ThreadLocal.withInitial(Call::new);

        private final Kind[] kinds = new Kind[MAX_ARGUMENTS];
        private final long[] values = new long[MAX_ARGUMENTS];
        private final Object[] objects = new Object[MAX_ARGUMENTS];
        private final MemorySegment stack = Arena.ofAuto().allocate(8L * MAX_ARGUMENTS, 16);
        private final CallScratch slab = CallScratch.get();
        private Op op;
        private int count;

        private Call put(Kind kind, long value, Object object) {
            kinds[count] = kind;
            values[count] = value;
            objects[count++] = object;
            return this;
        }

        Call tensor(Tensor tensor) {
            return put(Kind.TENSOR, 0, tensor);
        }

        /** {@code Tensor?}: null is None. */
        Call optional(Tensor tensor) {
            return tensor == null ? none() : put(Kind.PRESENT_TENSOR, 0, tensor);
        }

        Call tensors(Tensor... tensors) {
            return put(Kind.TENSORS, 0, tensors);
        }

        Call integer(long value) {
            return put(Kind.VALUE, value, null);
        }

        Call optionalInteger(long value) {
            return put(Kind.PRESENT, value, null);
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

        /** Runs an operator that returns one tensor, which the current scope owns. */
        Tensor one() {
            var scope = TensorScope.current();
            run();
            var result = new Tensor(stack.getAtIndex(JAVA_LONG, 0), scope);
            OpWatch.ran(op);
            return result;
        }

        /** Runs an operator that returns the (in place changed) first argument or nothing of interest. */
        void inPlace() {
            run();
            free(stack.getAtIndex(JAVA_LONG, 0));
            OpWatch.ran(op);
        }

        /** Runs an operator whose schema returns nothing. */
        void nothing() {
            run();
            OpWatch.ran(op);
        }

        private static void free(long handle) {
            try {
                Abi.check((int) Abi.DELETE_TENSOR.invokeExact(handle), "aoti_torch_delete_tensor_object");
            } catch (Throwable e) {
                throw Abi.unexpected(e);
            }
        }

        private void run() {
            int n = count;
            for (int i = 0; i < n; i++) {
                switch (kinds[i]) {
                    case TENSOR, PRESENT_TENSOR -> ((Tensor) objects[i]).handle();
                    case TENSORS -> {
                        for (var tensor : (Tensor[]) objects[i]) {
                            tensor.handle();
                        }
                    }
                    default -> {}
                }
            }
            try {
                for (int i = 0; i < n; i++) {
                    stack.setAtIndex(JAVA_LONG, i, encode(kinds[i], values[i], objects[i]));
                }
                var profile = OpProfile.active;
                long start = profile == null ? 0 : System.nanoTime();
                int code = (int) Abi.CALL_DISPATCHER.invokeExact(
                        op.nameAddress, op.overloadAddress, stack.address(), Abi.VERSION);
                if (profile != null) {
                    profile.count(label(), System.nanoTime() - start);
                }
                if (code != 0) {
                    throw Abi.failed(this::describe);
                }
            } catch (Throwable e) {
                throw Abi.unexpected(e);
            } finally {
                Arrays.fill(objects, 0, n, null); // do not hold tensors of the past
            }
        }

        private long encode(Kind kind, long value, Object object) throws Throwable {
            return switch (kind) {
                case VALUE -> value;
                case PRESENT -> cell(value);
                case TENSOR -> duplicate((Tensor) object);
                case PRESENT_TENSOR -> cell(duplicate((Tensor) object));
                case LONGS -> newLongs((long[]) object);
                case PRESENT_LONGS -> cell(newLongs((long[]) object));
                case TENSORS -> {
                    var tensors = (Tensor[]) object;
                    long list = newList(tensors.length);
                    for (var tensor : tensors) {
                        push(list, duplicate(tensor));
                    }
                    yield list;
                }
                case STRING -> newString((String) object);
            };
        }

        private long newLongs(long[] elements) throws Throwable {
            long list = newList(elements.length);
            for (long element : elements) {
                push(list, element);
            }
            return list;
        }

        private long newString(String text) throws Throwable {
            try (var arena = Arena.ofConfined()) {
                var bytes = arena.allocateFrom(text);
                Abi.check(
                        (int) Abi.NEW_STRING.invokeExact(bytes.address(), bytes.byteSize() - 1, slab.address),
                        "torch_new_string_handle");
                return slab.getLong(0);
            }
        }

        /** The dispatcher consumes the handles it is given, so it gets one of its own. */
        private long duplicate(Tensor tensor) throws Throwable {
            Abi.check((int) Abi.NEW_HANDLE.invokeExact(tensor.handle(), slab.address), "aoti_torch_new_tensor_handle");
            return slab.getLong(0);
        }

        private long cell(long value) throws Throwable {
            long cell;
            if (Abi.NEW_CELL != null) {
                Abi.check((int) Abi.NEW_CELL.invokeExact(slab.address), "torch_new_stable_ivalue");
                cell = slab.getLong(0);
            } else {
                cell = (long) Abi.MALLOC.invokeExact(8L);
                if (cell == 0) {
                    throw new TorchException("out of memory for an argument of " + op);
                }
            }
            MemorySegment.ofAddress(cell).reinterpret(8).set(JAVA_LONG, 0, value);
            return cell;
        }

        private long newList(int size) throws Throwable {
            Abi.check((int) Abi.NEW_LIST.invokeExact((long) size, slab.address), "torch_new_list_reserve_size");
            return slab.getLong(0);
        }

        private static void push(long list, long element) throws Throwable {
            Abi.check((int) Abi.LIST_PUSH.invokeExact(list, element), "torch_list_push_back");
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
                    case TENSORS -> text.append(Arrays.toString((Tensor[]) objects[i]));
                    case TENSOR, PRESENT_TENSOR, STRING -> text.append(objects[i]);
                    default -> text.append(values[i]);
                }
            }
            return text.append(')').toString();
        }
    }
}
