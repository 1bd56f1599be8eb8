package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.io.FileFormatException;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.io.TensorFiles;
import ddpm.io.TensorFormat;
import ddpm.io.UnreadTensor;
import ddpm.nn.MismatchException;
import ddpm.nn.Params;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.UnaryOperator;

/**
 * A model as it lies in a file, whosever layout that has: its card, and its tensors under this library's names. Opening
 * one needs no libtorch.
 *
 * <pre>{@code
 * var stored = StoredModel.open(Path.of("ddpm-cifar10-32"), Weights.EMA);
 * System.out.println(stored.layout() + ": " + stored.parameters() + " parameters");
 * }</pre>
 */
public final class StoredModel {
    private final ModelLayout layout;
    private final ModelCard card;
    private final StateDict weights;
    private final UnaryOperator<String> theirs;
    private final Params declared = new Params();

    /**
     * @param weights what the file has, all of which the network must need
     * @param theirs the layout's name for each of this library's
     */
    StoredModel(ModelLayout layout, ModelCard card, StateDict weights, UnaryOperator<String> theirs) {
        this.layout = layout;
        this.card = card;
        this.weights = weights;
        this.theirs = theirs;
        card.network().build(declared.root());
    }

    /**
     * Opens a model of any {@link ModelLayout}.
     *
     * @param path a file of any {@link TensorFormat}, or a folder with one: of diffusers, or a checkpoint of this library
     * @param weights which of two sets; of a single one, that
     * @throws FileFormatException if the file is damaged, of another kind, or of a model that cannot be built; the message
     *     says which and why
     * @throws IOException if it cannot be reached
     */
    public static StoredModel open(Path path, Weights weights) throws IOException {
        return of(openFile(path, weights), weights);
    }

    /**
     * Opens the file with a model's tensors, which may be named by the folder around it.
     *
     * @param weights which file, where a folder has one for each
     */
    public static TensorFile openFile(Path path, Weights weights) throws IOException {
        return TensorFiles.open(Files.isDirectory(path) ? ModelFolder.weightsFile(path, weights) : path);
    }

    /** Finds the model in a file that is open already. */
    public static StoredModel of(TensorFile file, Weights weights) throws IOException {
        return ModelLayout.of(file).read(file, weights);
    }

    /** The file with all that is in it. */
    public TensorFile file() {
        return weights.file();
    }

    public ModelLayout layout() {
        return layout;
    }

    public ModelCard card() {
        return card;
    }

    /** The number of scalars that the network of the card has. */
    public long parameters() {
        return declared.count();
    }

    /** Which of the file's weights these are, in words. */
    public String origin() {
        return weights.describe();
    }

    /**
     * The weights under this library's names, exactly those that the network of the card needs.
     *
     * @throws FileFormatException if any is missing, unknown or of another shape; all are listed by the file's own names
     */
    public SequencedMap<String, StoredTensor> tensors() throws FileFormatException {
        var ours = new LinkedHashMap<String, String>();
        var wanted = new LinkedHashMap<String, Shape>();
        declared.shapes().forEach((name, shape) -> {
            ours.put(theirs.apply(name), name);
            wanted.put(theirs.apply(name), shape);
        });
        var given = new LinkedHashMap<String, StoredTensor>();
        weights.tensors().forEach((name, tensor) -> given.put(name, likeLinear(tensor, wanted.get(name))));
        for (var name : wanted.keySet()) {
            if (file().values().get(weights.prefix() + name) instanceof UnreadTensor unread) {
                throw new FileFormatException(
                        file().path(),
                        "tensor " + quote(name) + " is " + unread
                                + ", and weights are read as F16, BF16, F32 or F64; convert it to one of these");
            }
        }
        var shapes = new LinkedHashMap<String, Shape>();
        given.forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        try {
            MismatchException.check(wanted, shapes);
        } catch (MismatchException e) {
            throw new FileFormatException(file().path(), e.getMessage(), e);
        }
        var named = new LinkedHashMap<String, StoredTensor>();
        given.forEach((name, tensor) -> named.put(ours.get(name), tensor)); // in the file's order
        return named;
    }

    /** A 1x1 convolution [out, in, 1, 1] is a linear layer over channels; projections of attention come as either. */
    private static StoredTensor likeLinear(StoredTensor tensor, Shape wanted) {
        var shape = tensor.shape();
        boolean isPointwise = shape.rank() == 4 && shape.size(2) == 1 && shape.size(3) == 1;
        if (wanted == null || wanted.rank() != 2 || !isPointwise) {
            return tensor;
        }
        return new StoredTensor(tensor.dtype(), Shape.of(shape.size(0), shape.size(1)), tensor.data());
    }
}
