package ddpm.io;

import static ddpm.io.PickleOp.*;

import ddpm.torch.Shape;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Pickles a state dict as {@code torch.save} does, protocol 2: an OrderedDict of {@code _rebuild_tensor_v2} calls whose
 * storages are numbered in the dict's order. Without the memo that Python's pickler keeps, which readers do not need.
 */
final class StateDictPickle {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private StateDictPickle() {}

    /** @throws CharacterCodingException if a name is not valid Unicode (half a surrogate pair) */
    static ByteBuffer of(Map<String, StoredTensor> tensors) throws CharacterCodingException {
        var pickle = new StateDictPickle();
        pickle.write(tensors);
        return ByteBuffer.wrap(pickle.out.toByteArray());
    }

    private void write(Map<String, StoredTensor> tensors) throws CharacterCodingException {
        op(PROTO).write(2);
        emptyOrderedDict();
        op(MARK);
        int key = 0;
        for (var entry : tensors.entrySet()) {
            text(entry.getKey());
            tensor(entry.getValue(), Integer.toString(key++));
        }
        op(SETITEMS);
        op(STOP);
    }

    /** {@code _rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict())}. */
    private void tensor(StoredTensor tensor, String key) throws CharacterCodingException {
        var shape = tensor.shape();
        global("torch._utils", "_rebuild_tensor_v2");
        op(MARK);
        op(MARK); // the storage's persistent id
        text("storage");
        global("torch", TorchGlobal.storageName(tensor.dtype()));
        text(key);
        text("cpu");
        integer(shape.numel());
        op(TUPLE);
        op(BINPERSID);
        integer(0);
        tuple(shape.toArray());
        tuple(rowMajorStrides(shape));
        op(NEWFALSE);
        emptyOrderedDict();
        op(TUPLE);
        op(REDUCE);
    }

    /** As PyTorch computes them: a dimension of size 0 counts as 1. */
    private static long[] rowMajorStrides(Shape shape) {
        var strides = new long[shape.rank()];
        long stride = 1;
        for (int d = strides.length - 1; d >= 0; d--) {
            strides[d] = stride;
            stride *= Math.max(1, shape.size(d));
        }
        return strides;
    }

    private void emptyOrderedDict() {
        global("collections", "OrderedDict");
        op(EMPTY_TUPLE);
        op(REDUCE);
    }

    private void tuple(long[] values) {
        op(MARK);
        for (long value : values) {
            integer(value);
        }
        op(TUPLE);
    }

    private ByteArrayOutputStream op(PickleOp op) {
        out.write(op.code());
        return out;
    }

    private void global(String module, String name) {
        op(GLOBAL).writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    private void text(String text) throws CharacterCodingException {
        var utf8 = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
        op(BINUNICODE);
        little(4, utf8.remaining());
        out.write(utf8.array(), 0, utf8.remaining());
    }

    private void integer(long value) {
        if (value < 1 << 8) {
            op(BININT1);
            little(1, value);
        } else if (value < 1 << 16) {
            op(BININT2);
            little(2, value);
        } else if (value <= Integer.MAX_VALUE) {
            op(BININT);
            little(4, value);
        } else {
            op(LONG1).write(Long.BYTES);
            little(Long.BYTES, value);
        }
    }

    private void little(int bytes, long value) {
        var all = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(value);
        out.write(all.array(), 0, bytes);
    }
}
