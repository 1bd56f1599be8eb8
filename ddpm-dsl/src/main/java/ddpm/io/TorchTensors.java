package ddpm.io;

import static ddpm.text.Untrusted.quote;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Makes row-major little-endian tensors of a file's views. A contiguous one is a slice of the file itself; others are
 * copied element by element.
 *
 * <p>Tensors can be larger than what they are made of (an expanded dimension has stride 0, and many views may share a
 * storage), so all together may take {@value #FREE_BYTES} bytes plus {@value #SIZES_OF_FILE} times the file. A model
 * takes one file's worth, or a little more when parameters are tied.
 */
final class TorchTensors {
    private static final long FREE_BYTES = 16 << 20;
    private static final long SIZES_OF_FILE = 4;

    private final Path file;
    private final StorageBytes storages;
    private long budget;

    TorchTensors(FileBytes file, StorageBytes storages) {
        this.file = file.path();
        this.storages = storages;
        this.budget = FREE_BYTES + SIZES_OF_FILE * file.size();
    }

    StoredTensor stored(TorchView view) throws IOException {
        var dtype = view.storage().dtype();
        int width = dtype.bytes();
        boolean swapped = width > 1 && storages.order() == ByteOrder.BIG_ENDIAN;
        long bytes = limited(view, view.shape().numel(), width);
        int spanned = (int) limited(view, view.end() - view.offset(), width);
        budget -= bytes;
        if (budget < 0) {
            throw new FileFormatException(
                    file,
                    "a tensor of shape " + view.shape() + " in storage "
                            + quote(view.storage().key())
                            + " would swell the file beyond what is allowed (expanded or repeated views); save it "
                            + "with .clone() or .contiguous()");
        }
        var source = storages.view(view.storage(), view.offset() * width, spanned);
        if (!view.isContiguous()) {
            source = gathered(view, source, width, (int) bytes);
        }
        return new StoredTensor(dtype, view.shape(), swapped ? reversed(source, width) : source);
    }

    private long limited(TorchView view, long numel, int width) throws FileFormatException {
        if (numel > Integer.MAX_VALUE / width) {
            throw new FileFormatException(
                    file,
                    "a tensor of shape " + view.shape() + " spans " + numel + " elements of " + width
                            + " bytes; one tensor may span at most " + Integer.MAX_VALUE + " bytes, so split it");
        }
        return numel * width;
    }

    /** @param source begins with the view's element [0, 0, ...] */
    private static ByteBuffer gathered(TorchView view, ByteBuffer source, int width, int bytes) {
        var target = ByteBuffer.allocate(bytes);
        var shape = view.shape();
        var at = new long[shape.rank()];
        long element = 0;
        while (target.hasRemaining()) {
            target.put(target.position(), source, (int) (element * width), width);
            target.position(target.position() + width);
            for (int d = at.length - 1; d >= 0; d--) { // count up, innermost dimension first
                element += view.strides()[d];
                if (++at[d] < shape.size(d)) {
                    break;
                }
                element -= at[d] * view.strides()[d];
                at[d] = 0;
            }
        }
        return target.flip();
    }

    private static ByteBuffer reversed(ByteBuffer source, int width) {
        var target = ByteBuffer.allocate(source.remaining());
        for (int i = 0; i < target.capacity(); i++) {
            int inElement = i % width;
            target.put(i, source.get(source.position() + i - inElement + width - 1 - inElement));
        }
        return target;
    }
}
