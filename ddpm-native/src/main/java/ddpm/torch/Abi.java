package ddpm.torch;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.function.Supplier;

/**
 * libtorch's C ABI: the dispatcher, its containers, grad mode and errors. {@link TensorAbi} has the functions on tensors.
 *
 * <p>Each method calls the C function of its name. Handles of tensors, lists and strings are bare addresses. These
 * functions turn C++ exceptions into a return code, which the methods turn into a {@link TorchException}, but for the few
 * that return the code to a caller with more to say. The class initialises after {@link LibTorch} has loaded libtorch.
 */
final class Abi {
    /** The 2.10 dialect of the ABI, which every later libtorch promises to understand. */
    private static final long VERSION = 0x020A_0000_0000_0000L;

    private static final MethodHandle CALL_DISPATCHER =
            Binding.code("torch_call_dispatcher", JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle NEW_LIST = Binding.code("torch_new_list_reserve_size", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LIST_PUSH = Binding.code("torch_list_push_back", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LIST_SIZE = Binding.code("torch_list_size", JAVA_LONG, JAVA_LONG);
    private static final MethodHandle LIST_GET = Binding.code("torch_list_get_item", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    private static final MethodHandle DELETE_LIST = Binding.code("torch_delete_list", JAVA_LONG);
    private static final MethodHandle NEW_STRING =
            Binding.code("torch_new_string_handle", JAVA_LONG, JAVA_LONG, JAVA_LONG);
    /** Present from 2.13 on; before that an optional's cell is memory that C++ {@code delete} frees, i.e. malloc's. */
    private static final MethodHandle NEW_CELL =
            Binding.optional("torch_new_stable_ivalue", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));

    private static final MethodHandle GRAD_MODE_GET =
            Binding.function("aoti_torch_grad_mode_is_enabled", FunctionDescriptor.of(JAVA_BOOLEAN));
    private static final MethodHandle GRAD_MODE_SET =
            Binding.function("aoti_torch_grad_mode_set_enabled", FunctionDescriptor.ofVoid(JAVA_BOOLEAN));
    private static final MethodHandle GET_NUM_THREADS =
            Binding.optional("torch_get_num_threads", FunctionDescriptor.of(JAVA_INT, JAVA_LONG));
    private static final MethodHandle ABI_VERSION =
            Binding.optional("aoti_torch_abi_version", FunctionDescriptor.of(JAVA_LONG));
    /** Present from 2.13 on: the message of the last error of this thread. */
    private static final MethodHandle WHAT =
            Binding.optional("torch_exception_get_what_without_backtrace", FunctionDescriptor.of(ADDRESS));

    private Abi() {}

    /** Calls an operator; returns libtorch's error code. Name and overload are addresses of C strings. */
    static int callDispatcher(long name, long overload, long stack) {
        try {
            return (int) CALL_DISPATCHER.invokeExact(name, overload, stack, VERSION);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long newList(long size, CallScratch scratch) {
        try {
            check((int) NEW_LIST.invokeExact(size, scratch.address), "torch_new_list_reserve_size");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static void listPushBack(long list, long element) {
        try {
            check((int) LIST_PUSH.invokeExact(list, element), "torch_list_push_back");
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static int listSize(long list, CallScratch scratch) {
        try {
            check((int) LIST_SIZE.invokeExact(list, scratch.address), "torch_list_size");
            return Math.toIntExact(scratch.getLong(0));
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long listGetItem(long list, long index, CallScratch scratch) {
        try {
            check((int) LIST_GET.invokeExact(list, index, scratch.address), "torch_list_get_item");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Frees a list, but not the tensors in it. */
    static void deleteList(long list) {
        try {
            check((int) DELETE_LIST.invokeExact(list), "torch_delete_list");
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static long newString(long bytes, long length, CallScratch scratch) {
        try {
            check((int) NEW_STRING.invokeExact(bytes, length, scratch.address), "torch_new_string_handle");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** Allocates the cell of an optional that is present, which the dispatcher frees. */
    static long newCell(CallScratch scratch) {
        if (NEW_CELL == null) {
            return LibC.malloc(Long.BYTES);
        }
        try {
            check((int) NEW_CELL.invokeExact(scratch.address), "torch_new_stable_ivalue");
            return scratch.getLong(0);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static boolean gradModeIsEnabled() {
        try {
            return (boolean) GRAD_MODE_GET.invokeExact();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    static void gradModeSetEnabled(boolean enabled) {
        try {
            GRAD_MODE_SET.invokeExact(enabled);
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** How many threads an operator of this thread may use, or 0 where libtorch does not tell. */
    static int getNumThreads(CallScratch scratch) {
        if (GET_NUM_THREADS == null) {
            return 0;
        }
        scratch.setLong(0, 0);
        try {
            check((int) GET_NUM_THREADS.invokeExact(scratch.address), "torch_get_num_threads");
            return scratch.getInt();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    /** The version of libtorch, one byte each from the top, or 0 where libtorch does not tell. */
    static long abiVersion() {
        if (ABI_VERSION == null) {
            return 0;
        }
        try {
            return (long) ABI_VERSION.invokeExact();
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }

    // ---- Errors ---------------------------------------------------------------------------------------------------

    /** Throws for an error code, naming the function and libtorch's reason. */
    static void check(int code, String function) {
        if (code != 0) {
            throw failed(() -> function);
        }
    }

    /** Makes the exception for a failure that this thread's last call reported. */
    static TorchException failed(Supplier<String> tried) {
        var reason = lastError(); // first: describing tensors calls libtorch again
        return new TorchException(tried.get() + " failed: " + reason);
    }

    /** The dispatcher's first sentence, if it goes on with guesses and a table of all that it has. */
    static String withoutTables(String reason) {
        int guesses = reason.indexOf(" This could be because the operator doesn't exist");
        int table = reason.indexOf(": registered at ");
        int end =
                guesses >= 0 ? guesses : table >= 0 ? Math.max(0, reason.lastIndexOf("\n\n", table)) : reason.length();
        return reason.substring(0, end).strip();
    }

    private static String lastError() {
        if (WHAT == null) {
            return "libtorch printed the reason on stderr";
        }
        try {
            var text = (MemorySegment) WHAT.invokeExact();
            return text.address() == 0
                    ? "no reason given"
                    : withoutTables(text.reinterpret(1 << 16).getString(0).strip());
        } catch (Throwable e) {
            throw Binding.unexpected(e);
        }
    }
}
