package ddpm.model;

import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Guided;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredCast;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.nn.Network;
import ddpm.nn.Params;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A network with its weights and its card: what files hold and samplers use.
 *
 * <pre>{@code
 * try (var model = Model.load(Path.of("ddpm.pt"), Device.CPU)) {
 *     Tensor images = sampler.sample(model, model.card().images(16), Noise.seed(7));
 * }
 * }</pre>
 */
public final class Model implements Denoiser, AutoCloseable {
    /** Longer schedules than the paper's are embedded step by step, for the sake of memory. */
    private static final int EMBEDDED_AT_ONCE = 1000;

    private final ModelCard card;
    private final Params params;
    private final Network network;
    private final DType precision;

    private Model(ModelCard card, DType precision) {
        if (!card.network().computesIn(precision)) {
            throw new IllegalArgumentException("this network does not compute in " + precision + " ("
                    + card.network().getClass().getSimpleName() + ".computesIn); choose float32");
        }
        this.card = card;
        this.params = new Params();
        this.network = card.network().build(params.root());
        this.precision = precision;
    }

    /** A model with zeroed weights on this device, to be initialised or trained. */
    public Model(ModelCard card, Device device) {
        this(card, DType.FLOAT32);
        params.allocate(device, DType.FLOAT32);
    }

    /**
     * Reads a model of any {@link ModelLayout}, from a file or a folder; see {@link StoredModel#open}. Averaged weights
     * where there are two sets.
     *
     * @throws FileFormatException if the file is damaged, of another kind, or does not fit its network; then all missing,
     *     unknown and misshapen tensors are listed
     * @throws IOException if it cannot be reached
     */
    public static Model load(Path path, Device device) throws IOException {
        return load(path, device, Weights.EMA);
    }

    /** Reads a model as {@link #load(Path, Device)} does, with a choice of weights. */
    public static Model load(Path path, Device device, Weights weights) throws IOException {
        return of(StoredModel.open(path, weights), device);
    }

    /**
     * The model that comes with this library, for a first picture without any download; see {@link DefaultModel}.
     *
     * @throws IOException if the jar is damaged
     */
    public static Model embedded(Device device) throws IOException {
        return of(DefaultModel.open(), device);
    }

    /** Makes a model of a file that is open already, of its averaged weights where there are two sets. */
    public static Model of(TensorFile file, Device device) throws IOException {
        return of(StoredModel.of(file, Weights.EMA), device);
    }

    /** Makes a model of a stored one. */
    public static Model of(StoredModel stored, Device device) throws IOException {
        var tensors = stored.tensors(); // refuses a misfit before memory is taken for what a card merely claims
        var model = new Model(stored.card(), device);
        try (var _ = TensorScope.open()) {
            var named = new LinkedHashMap<String, Tensor>();
            tensors.forEach((name, t) -> named.put(name, Tensor.of(t.data(), t.dtype(), t.shape())));
            model.params.load(named);
            return model;
        } catch (IllegalArgumentException e) {
            model.close();
            throw new FileFormatException(stored.file().path(), e.getMessage(), e);
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    public ModelCard card() {
        return card;
    }

    /** Where its weights lie. */
    public Device device() {
        return params.flat().device();
    }

    public Network network() {
        return network;
    }

    public Params params() {
        return params;
    }

    /**
     * The network's output for noisy images {@code xt [B, C, H, W]} at timesteps {@code t [B]}. A class-conditional model
     * is conditioned on the null class.
     *
     * @throws IllegalArgumentException if it is class-conditional without a null class; see {@link #conditioned}
     */
    @Override
    public Tensor predict(Tensor xt, Tensor t) {
        return card.classes().isEmpty()
                ? predict(xt, t, null)
                : slice(0, Math.toIntExact(xt.shape().size(0))).predict(xt, t);
    }

    private Tensor predict(Tensor xt, Tensor t, Tensor labels) {
        return network.forward(xt, t, labels, precision);
    }

    @Override
    public Denoiser slice(int from, int to) {
        if (card.classes().isEmpty()) {
            return this;
        }
        var nothing = new long[to - from];
        Arrays.fill(nothing, card.classes().nullLabel());
        return Guided.plain(this::predict, nothing, params.flat().device()).slice(0, to - from);
    }

    /**
     * Conditions the model on the classes of a batch.
     *
     * @param labels a label of {@link ModelCard#classes} for each image of the batch; none at all gives the model itself
     * @throws IllegalArgumentException for a label that the model does not have
     */
    public Denoiser conditioned(int... labels) {
        return labels.length == 0
                ? this
                : Guided.plain(this::predict, checked(labels), params.flat().device());
    }

    /**
     * Conditions the model on classes, with classifier-free guidance; see {@link Guided}.
     *
     * @param weight 0 or more; 1 is no guidance
     * @throws IllegalArgumentException for a label that the model does not have, or if it has no null class
     */
    public Denoiser guided(int[] labels, double weight) {
        return weight == 1
                ? conditioned(labels)
                : Guided.of(
                        this::predict,
                        checked(labels),
                        card.classes().nullLabel(),
                        weight,
                        params.flat().device());
    }

    private long[] checked(int[] labels) {
        for (int label : labels) {
            if (label < 0 || label >= card.classes().count()) {
                throw new IllegalArgumentException(
                        "label " + label + ": this model's classes are " + card.classes() + ", counted from 0");
            }
        }
        return Arrays.stream(labels).asLongStream().toArray();
    }

    /**
     * Prepares the model for sampling: what follows from its weights alone is computed once and kept. It shares this
     * model's memory, so close it first, and do not train meanwhile.
     *
     * @param precision what its convolutions but the first compute in: FLOAT32, or BFLOAT16, which is about twice as fast
     *     on processors that have it ({@link ddpm.torch.Processor}). x_t and outputs are float32 in either case
     */
    public Model prepared(DType precision) {
        var prepared = new Model(card, precision);
        int steps = card.schedule().steps();
        prepared.params.sharing(params).fixed();
        prepared.network.tabulate(steps <= EMBEDDED_AT_ONCE ? steps : 0);
        return prepared;
    }

    /**
     * Writes the model as safetensors with its card, whole or not at all.
     *
     * @param dtype how weights are stored: float32, or a half type for half the size
     * @throws IllegalArgumentException if a weight is beyond {@code dtype}; names the tensor and the number
     */
    public void save(Path file, DType dtype) throws IOException {
        save(file, params.flat(), dtype);
    }

    /** Writes another flat buffer of this layout in the place of the weights, such as their EMA; see {@link #save}. */
    public void save(Path file, Tensor flat, DType dtype) throws IOException {
        Safetensors.write(file, stored(flat, dtype), card.metadata());
    }

    /**
     * Names the tensors of a flat buffer of this model's layout, its weights or their EMA, as a file stores them.
     *
     * @throws IllegalArgumentException if a number is beyond {@code dtype}; names the tensor and the number
     */
    public Map<String, StoredTensor> stored(Tensor flat, DType dtype) {
        var stored = new LinkedHashMap<String, StoredTensor>();
        try (var _ = TensorScope.open()) {
            params.named(flat)
                    .forEach((name, tensor) ->
                            stored.put(name, new StoredTensor(flat.dtype(), tensor.shape(), tensor.toBytes())));
        }
        return StoredCast.to(dtype, stored);
    }

    /** Explains a result that is not finite: names the weights that are not, or says that it overflowed on the way. */
    public String whyNotFinite() {
        var broken = new ArrayList<String>();
        try (var _ = TensorScope.open()) {
            params.named(params.flat()).forEach((name, tensor) -> {
                int bad = 0;
                for (float value : tensor.toFloats()) {
                    bad += Float.isFinite(value) ? 0 : 1;
                }
                if (bad > 0) {
                    broken.add(name + " (" + bad + " of " + tensor.shape().numel() + " values)");
                }
            });
        }
        return broken.isEmpty()
                ? "all weights are finite, so the network overflows on the way"
                : "the weights in " + broken.getFirst()
                        + (broken.size() > 1 ? " and " + (broken.size() - 1) + " more" : "") + " are not finite";
    }

    @Override
    public void close() {
        params.close();
    }
}
