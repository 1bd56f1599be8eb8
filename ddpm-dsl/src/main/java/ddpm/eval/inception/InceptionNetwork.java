package ddpm.eval.inception;

import static ddpm.torch.MemoryFormat.CHANNELS_LAST;

import ddpm.io.FileFormatException;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.nn.Block;
import ddpm.nn.MismatchException;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Ops;
import ddpm.torch.PackedKernel;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The network that FID and the Inception score are defined by: TensorFlow's Inception v3 of 2015-12-05 (Szegedy et al. 2016),
 * as {@code pt_inception-2015-12-05-6726825d.pth} holds its weights.
 *
 * <p>It differs from torchvision's: average pools count no padding, the last block pools by maximum, and there are 1008
 * classes. Batch norms are folded into the convolutions before them, whose kernels are laid out for the processor once.
 */
public final class InceptionNetwork implements AutoCloseable {
    /** A place where features are read off, by the number of them. */
    public enum Layer {
        /** The mean over positions after the first pool. */
        POOL_64(64),
        /** The mean over positions after the second pool. */
        POOL_192(192),
        /** The mean over positions before the auxiliary classifier. */
        POOL_768(768),
        /** The mean over positions at the end: the features of FID. */
        POOL_2048(2048),
        /** The class scores without bias: those of the Inception score. */
        LOGITS_UNBIASED(1008),
        /** The class scores. */
        LOGITS(1008);

        private final int features;

        Layer(int features) {
            this.features = features;
        }

        /** The number of features of an image. */
        public int features() {
            return features;
        }
    }

    private static final double BATCH_NORM_EPS = 0.001;

    /** A convolution with its batch norm folded in. */
    private record Folded(Tensor weight, Tensor bias, Map<Shape, Tensor> packed) {}

    private final Map<String, Folded> convolutions = new LinkedHashMap<>();
    private final Tensor classWeights;
    private final Tensor classBias;

    private InceptionNetwork(Map<String, StoredTensor> tensors) {
        try (var _ = TensorScope.open()) {
            for (var name : InceptionShapes.CONVOLUTIONS.keySet()) {
                convolutions.put(name, fold(name, tensors));
            }
            classWeights = TensorScope.detach(tensor(tensors.get("fc.weight")));
            classBias = TensorScope.detach(tensor(tensors.get("fc.bias")));
        }
    }

    /**
     * Loads the weights, on the CPU.
     *
     * @param file of any format that {@link TensorFiles} reads
     * @throws FileFormatException if it holds another network; all misfits are listed
     */
    public static InceptionNetwork load(Path file) throws IOException {
        return of(file, TensorFiles.read(file));
    }

    /** Builds the network from tensors. {@code num_batches_tracked} of batch norms and torchvision's auxiliary are passed by. */
    static InceptionNetwork of(Path file, Map<String, StoredTensor> tensors) throws FileFormatException {
        var shapes = new LinkedHashMap<String, Shape>();
        tensors.forEach((name, tensor) -> {
            if (!name.endsWith("num_batches_tracked") && !name.startsWith("AuxLogits.")) {
                shapes.put(name, tensor.shape());
            }
        });
        try {
            MismatchException.check(InceptionShapes.all(), shapes);
        } catch (MismatchException e) {
            throw new FileFormatException(
                    file,
                    "is not the Inception network that FID is defined by (pt_inception-2015-12-05-6726825d.pth): "
                            + e.getMessage(),
                    e);
        }
        return new InceptionNetwork(tensors);
    }

    private static Tensor tensor(StoredTensor stored) {
        return Tensor.of(stored.data(), stored.dtype(), stored.shape()).to(DType.FLOAT32);
    }

    /** w' = w g / sqrt(var + eps), b' = beta - mean g / sqrt(var + eps), in float64. */
    private static Folded fold(String name, Map<String, StoredTensor> tensors) {
        var weight = tensor(tensors.get(name + ".conv.weight"));
        var gamma = tensor(tensors.get(name + ".bn.weight")).toFloats();
        var beta = tensor(tensors.get(name + ".bn.bias")).toFloats();
        var mean = tensor(tensors.get(name + ".bn.running_mean")).toFloats();
        var variance = tensor(tensors.get(name + ".bn.running_var")).toFloats();
        var values = weight.toFloats();
        var bias = new float[gamma.length];
        int perChannel = values.length / gamma.length;
        for (int c = 0; c < gamma.length; c++) {
            double factor = gamma[c] / Math.sqrt(variance[c] + BATCH_NORM_EPS);
            bias[c] = (float) (beta[c] - mean[c] * factor);
            for (int i = c * perChannel; i < (c + 1) * perChannel; i++) {
                values[i] = (float) (values[i] * factor);
            }
        }
        var folded = Tensor.of(values, weight.shape()).contiguous(CHANNELS_LAST);
        return new Folded(
                TensorScope.detach(folded),
                TensorScope.detach(Tensor.of(bias, Shape.of(bias.length))),
                new java.util.concurrent.ConcurrentHashMap<>());
    }

    /**
     * Computes features.
     *
     * @param x {@code [B, 3, 299, 299]} float32, see {@link Preprocessing}
     * @return {@code [B, features]} for each layer asked for, in the current scope
     */
    public Map<Layer, Tensor> forward(Tensor x, Set<Layer> wanted) {
        if (!x.shape().equals(Shape.of(x.shape().size(0), 3, Preprocessing.SIZE, Preprocessing.SIZE))) {
            throw new IllegalArgumentException("Inception takes images [B, 3, 299, 299], not " + x.shape());
        }
        var found = new EnumMap<Layer, Tensor>(Layer.class);
        try (var scope = TensorScope.open();
                var _ = GradMode.off()) {
            run(x.contiguous(CHANNELS_LAST), wanted, found);
            found.values().forEach(scope::keep);
        }
        return found;
    }

    /** Runs the blocks as chains, which free what is behind them: all intermediates of 32 images would be 4 GB. */
    private void run(Tensor images, Set<Layer> wanted, Map<Layer, Tensor> found) {
        var x = Block.chain(
                images,
                h -> valid("Conv2d_1a_3x3", h, 2), // [B, 32, 149, 149]
                h -> valid("Conv2d_2a_3x3", h, 1),
                h -> same("Conv2d_2b_3x3", h), // [B, 64, 147, 147]
                h -> Ops.maxPool2d(h, 3, 2, 0));
        keep(Layer.POOL_64, x, wanted, found);
        x = Block.chain(
                x,
                h -> same("Conv2d_3b_1x1", h),
                h -> valid("Conv2d_4a_3x3", h, 1), // [B, 192, 71, 71]
                h -> Ops.maxPool2d(h, 3, 2, 0));
        keep(Layer.POOL_192, x, wanted, found);
        x = Block.chain(
                x,
                h -> blockA("Mixed_5b", h), // [B, 256 or 288, 35, 35]
                h -> blockA("Mixed_5c", h),
                h -> blockA("Mixed_5d", h),
                h -> blockB("Mixed_6a", h), // [B, 768, 17, 17]
                h -> blockC("Mixed_6b", h),
                h -> blockC("Mixed_6c", h),
                h -> blockC("Mixed_6d", h),
                h -> blockC("Mixed_6e", h));
        keep(Layer.POOL_768, x, wanted, found);
        x = Block.chain(
                x,
                h -> blockD("Mixed_7a", h), // [B, 1280, 8, 8]
                h -> blockE("Mixed_7b", h, Ops.avgPool2d(h, 3, 1, 1)), // [B, 2048, 8, 8]
                h -> blockE("Mixed_7c", h, Ops.maxPool2d(h, 3, 1, 1)));
        var features = Ops.mean(x, 2, 3);
        if (wanted.contains(Layer.POOL_2048)) {
            found.put(Layer.POOL_2048, features);
        }
        if (wanted.contains(Layer.LOGITS_UNBIASED)) {
            found.put(Layer.LOGITS_UNBIASED, Ops.linear(features, classWeights, null));
        }
        if (wanted.contains(Layer.LOGITS)) {
            found.put(Layer.LOGITS, Ops.linear(features, classWeights, classBias));
        }
    }

    private static void keep(Layer layer, Tensor x, Set<Layer> wanted, Map<Layer, Tensor> found) {
        if (wanted.contains(layer)) {
            found.put(layer, Ops.mean(x, 2, 3));
        }
    }

    private Tensor blockA(String at, Tensor x) {
        return Ops.cat(
                1,
                same(at + ".branch1x1", x),
                same(at + ".branch5x5_2", same(at + ".branch5x5_1", x)),
                same(at + ".branch3x3dbl_3", same(at + ".branch3x3dbl_2", same(at + ".branch3x3dbl_1", x))),
                same(at + ".branch_pool", Ops.avgPool2d(x, 3, 1, 1)));
    }

    private Tensor blockB(String at, Tensor x) {
        return Ops.cat(
                1,
                valid(at + ".branch3x3", x, 2),
                valid(at + ".branch3x3dbl_3", same(at + ".branch3x3dbl_2", same(at + ".branch3x3dbl_1", x)), 2),
                Ops.maxPool2d(x, 3, 2, 0));
    }

    private Tensor blockC(String at, Tensor x) {
        var once = same(at + ".branch7x7_3", same(at + ".branch7x7_2", same(at + ".branch7x7_1", x)));
        var twice = x;
        for (int i = 1; i <= 5; i++) {
            twice = same(at + ".branch7x7dbl_" + i, twice);
        }
        return Ops.cat(
                1, same(at + ".branch1x1", x), once, twice, same(at + ".branch_pool", Ops.avgPool2d(x, 3, 1, 1)));
    }

    private Tensor blockD(String at, Tensor x) {
        var seven = same(at + ".branch7x7x3_3", same(at + ".branch7x7x3_2", same(at + ".branch7x7x3_1", x)));
        return Ops.cat(
                1,
                valid(at + ".branch3x3_2", same(at + ".branch3x3_1", x), 2),
                valid(at + ".branch7x7x3_4", seven, 2),
                Ops.maxPool2d(x, 3, 2, 0));
    }

    private Tensor blockE(String at, Tensor x, Tensor pooled) {
        var single = same(at + ".branch3x3_1", x);
        var twice = same(at + ".branch3x3dbl_2", same(at + ".branch3x3dbl_1", x));
        return Ops.cat(
                1,
                same(at + ".branch1x1", x),
                same(at + ".branch3x3_2a", single),
                same(at + ".branch3x3_2b", single),
                same(at + ".branch3x3dbl_3a", twice),
                same(at + ".branch3x3dbl_3b", twice),
                same(at + ".branch_pool", pooled));
    }

    /** A convolution that keeps height and width. */
    private Tensor same(String name, Tensor x) {
        var kernel = convolutions.get(name).weight().shape();
        int rows = (int) kernel.size(2) / 2;
        int columns = (int) kernel.size(3) / 2;
        return rows == columns
                ? convolved(name, x, 1, rows)
                : convolved(name, Ops.padZeros(x, columns, columns, rows, rows), 1, 0);
    }

    /** A convolution without padding. */
    private Tensor valid(String name, Tensor x, int stride) {
        return convolved(name, x, stride, 0);
    }

    private Tensor convolved(String name, Tensor x, int stride, int padding) {
        var convolution = convolutions.get(name);
        var weight = convolution.weight();
        if (PackedKernel.suits(x, weight)) {
            var packed = convolution.packed().computeIfAbsent(x.shape(), shape -> {
                try (var _ = TensorScope.open()) {
                    return TensorScope.detach(PackedKernel.ofConv2d(weight, shape, stride, padding));
                }
            });
            return Ops.relu(PackedKernel.conv2d(x, packed, convolution.bias(), stride, padding));
        }
        return Ops.relu(Ops.conv2d(x, weight, convolution.bias(), stride, padding));
    }

    /** The device of the weights. */
    public Device device() {
        return classWeights.device();
    }

    /** Frees the weights. */
    @Override
    public void close() {
        convolutions.values().forEach(convolution -> {
            convolution.packed().values().forEach(Tensor::close);
            convolution.weight().close();
            convolution.bias().close();
        });
        classWeights.close();
        classBias.close();
    }
}
