package ddpm.train;

import ddpm.data.Examples;
import ddpm.diffusion.Denoiser;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.ForwardProcess;
import ddpm.diffusion.Loss;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Objective;
import ddpm.model.Model;
import ddpm.nn.Network;
import ddpm.nn.Params;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Held;
import ddpm.torch.KernelCheck;
import ddpm.torch.LibTorch;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Workers;
import ddpm.torch.collective.Group;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Algorithm 1 of Ho et al. 2020: draw images, timesteps and noise, and step down the gradient of the configured {@link
 * Objective}, which in the paper is the squared error of the predicted noise.
 *
 * <p>Each worker thread takes its slice of the batch through forward and backward on a replica of the network that shares
 * the weights and has gradients of its own; one sum joins them. Clipping, Adam and EMA are single operations on flat
 * buffers. At equal thread count a run is bitwise repeatable, and so is its resumption.
 *
 * <p>In a {@link Group} each rank takes its share of the places of the batch, and {@link GradientSum} joins the ranks; what
 * follows is computed on every rank alike, so all keep the same weights.
 */
public final class Trainer implements AutoCloseable {
    private final Model model;
    private final TrainConfig config;
    private final Held<ForwardProcess> forward;
    private final Held<Loss> objective;
    private final ExampleLoss loss;
    private final BatchLoader loader;
    private final Noise noise;
    private final Device device;
    private final Group group;
    private final Workers workers;
    private final List<Replica> replicas = new ArrayList<>();
    private final GradientSum sum;
    private final Adam adam;
    private final WeightAverage average;
    private long step;

    /** One worker's network: the model's weights, its own gradient. */
    private record Replica(Network network, Params params) {}

    /** A trainer whose loss is the configured objective. */
    public Trainer(Model model, Examples data, TrainConfig config) {
        this(model, data, config, null, Group.ALONE);
    }

    /** A trainer with a loss of its own, by itself. */
    public Trainer(Model model, Examples data, TrainConfig config, ExampleLoss ownLoss) {
        this(model, data, config, ownLoss, Group.ALONE);
    }

    /** Wrong kernels give wrong gradients in silence: some libtorchs have such in bfloat16 on CPUs. */
    static void requireTrusted(DType precision, Device device, Predicate<DType> trusted) {
        if (precision != DType.FLOAT32 && device.kind() == Device.Kind.CPU && !trusted.test(precision)) {
            throw new IllegalArgumentException(
                    "this libtorch (" + LibTorch.load().version() + ") computes some layers"
                            + " wrongly in " + precision + " on the CPU, so gradients would be wrong: train in float32"
                            + " (--precision fp32), or use the bundled libtorch; ddpm doctor names the layers");
        }
    }

    /**
     * A trainer with a loss of its own, as one rank of a group.
     *
     * @param model initialised or loaded, on the device to train on; it stays the caller's, and training changes its weights
     * @param data examples of the model's channels and size; for a conditional model with labels of its classes
     * @param ownLoss the loss of each example; null for the configured objective
     * @param group who else trains this model; {@link Group#ALONE} for nobody
     * @throws IllegalArgumentException if the images or the objective do not suit the model, or there are more ranks than
     *     images in a batch; the message says why
     * @throws java.io.UncheckedIOException if a conditional model's images have no labels
     */
    public Trainer(Model model, Examples data, TrainConfig config, ExampleLoss ownLoss, Group group) {
        var card = model.card();
        if (data.channels() != card.network().inChannels()
                || data.height() != card.height()
                || data.width() != card.width()) {
            throw new IllegalArgumentException(
                    "the model is for " + card.network().inChannels() + " channels of "
                            + card.height() + " x " + card.width() + " pixels (height x width), the data have "
                            + data.channels() + " channels of " + data.height() + " x " + data.width());
        }
        config.objective().require(card.variance());
        if (config.batch() < group.size()) {
            throw new IllegalArgumentException("a batch of " + config.batch() + " images for " + group.size()
                    + " ranks: each needs at least one; use a larger batch or fewer ranks");
        }
        requireTrusted(config.precision(), model.params().flat().device(), KernelCheck::trusts);
        this.model = model;
        this.group = group;
        this.config = config;
        var diffusion = new Diffusion(card.schedule());
        this.noise = Noise.seed(config.seed());
        this.loader = new BatchLoader(
                data, card.classes(), noise, config, card.schedule().steps());
        this.device = model.params().flat().device();
        this.workers = Workers.forBatch(device, config.threads(), share(config.batch()));
        for (int i = 0; i < workers.count(); i++) {
            var params = new Params();
            var network = card.network().build(params.root());
            params.sharing(model.params()).trainable();
            replicas.add(new Replica(network, params));
        }
        forward = Held.of(() -> new ForwardProcess(diffusion, device));
        objective = Held.of(() -> new Loss(diffusion, card.prediction(), card.variance(), config.objective(), device));
        loss = ownLoss != null ? ownLoss : this::objective;
        sum = new GradientSum(group, replicas.stream().map(Replica::params).toList());
        adam = new Adam(replicas.getFirst().params(), config.optimizer());
        average = config.ema().of(model.params());
    }

    /** Fresh weights from the network's own initialisation, addressed by this run's seed. */
    public void initialise() {
        initialise(model.params(), noise);
        average.reset();
    }

    static void initialise(Params params, Noise noise) {
        params.initialise(
                (parameter, target) -> noise.uniforms(Noise.Domain.INIT, parameter, 0, target, 0, target.length));
    }

    /** How many steps have been made. */
    public long step() {
        return step;
    }

    public Model model() {
        return model;
    }

    public TrainConfig config() {
        return config;
    }

    /** Where the model lies, and so where it is trained. */
    public Device device() {
        return device;
    }

    /** The averaged weights, one flat vector in the layout of the model's {@link Params}. */
    public Tensor ema() {
        return average.flat();
    }

    /** The optimiser, with its moments. */
    Adam adam() {
        return adam;
    }

    /** Takes over rank 0's state: weights, their average, the optimiser's moments and the step. */
    void follow() {
        group.broadcast(model.params().flat());
        group.broadcast(average.flat());
        group.broadcast(adam.firstMoments());
        group.broadcast(adam.secondMoments());
        resumeAt((long) group.sum(group.leads() ? step : 0));
    }

    /** Puts the trainer where a checkpoint left off; the buffers have been filled by the caller. */
    void resumeAt(long made) {
        step = made;
        adam.resumeAt(made);
    }

    /**
     * One optimiser step on the next batch of the run.
     *
     * @throws DivergedException at a loss or gradient that is not finite; the weights are then unchanged
     * @throws CancellationException if this thread is interrupted; the weights are then unchanged
     */
    public StepReport train() {
        int first = first(config.batch());
        var losses = sum.of(() -> workers.run(share(config.batch()), (slice, from, to) -> {
            double loss = accumulate(slice, first + from, first + to);
            sum.afterLastPass(slice);
            return loss;
        }));
        return update(losses, null);
    }

    /** One optimiser step on a given batch, e.g. one recorded elsewhere. */
    public StepReport train(Batch batch) {
        int n = batch.t().length;
        replicas.forEach(replica -> replica.params().zeroGradient()); // a small batch does not reach every worker
        int first = first(n);
        var losses = sum.of(() -> workers.run(share(n), (slice, from, to) -> {
            double loss = from == to ? 0.0 : backward(slice, batch.slice(first + from, first + to), first + from, n);
            sum.afterLastPass(slice);
            return loss;
        }));
        return update(losses, batch.images());
    }

    /** The first place of a batch that is this rank's. */
    private int first(int batch) {
        return Workers.edge(batch, group.rank(), group.size());
    }

    /** How many places of a batch are this rank's. */
    private int share(int batch) {
        return Workers.edge(batch, group.rank() + 1, group.size()) - first(batch);
    }

    private void clear(int slice) {
        replicas.get(slice).params().flatGradient().zero();
    }

    /** Takes places {@code from..to-1} of the batch through the slice's network in as many parts as configured. */
    private double accumulate(int slice, int from, int to) {
        clear(slice);
        int parts = Math.min(config.accumulate(), to - from);
        double loss = 0;
        for (int part = 0; part < parts; part++) {
            if (Thread.currentThread().isInterrupted()) {
                throw new CancellationException("interrupted in step " + step);
            }
            int first = from + Workers.edge(to - from, part, parts);
            int end = from + Workers.edge(to - from, part + 1, parts);
            if (part == parts - 1) {
                sum.beforeLastPass(slice);
            }
            loss += backward(slice, loader.load(step, first, end), first, config.batch());
        }
        return loss;
    }

    /** Adds the gradient of this part's share of the mean loss to the replica's, and returns that share. */
    private double backward(int slice, Batch batch, int firstPlace, int wholeBatch) {
        var replica = replicas.get(slice);
        int n = batch.t().length;
        try (var _ = TensorScope.open();
                var _ = GradMode.on()) {
            var labels = batch.labelsTensor(device);
            dropout(replica, firstPlace, n);
            var perImage = loss.perExample(
                    (xt, t) -> replica.network().forward(xt, t, labels, config.precision()),
                    batch.x0Tensor(device),
                    batch.tTensor(device),
                    batch.epsilonTensor(device));
            if (!perImage.shape().equals(Shape.of(n))) {
                throw new IllegalArgumentException("a loss of " + perImage.shape() + " for " + n + " examples; [" + n
                        + "] is needed, one number for each");
            }
            var share = Ops.mean(perImage).mul((double) n / wholeBatch);
            share.backward();
            return share.item();
        } finally {
            replica.network().dropout().use(null);
        }
    }

    /** Masks addressed by the step, the call in the network and the place in the batch: no cut of the batch alters them. */
    private void dropout(Replica replica, int firstPlace, int n) {
        int made = Math.toIntExact(step);
        replica.network().dropout().use((call, target) -> {
            int perImage = target.length / n;
            for (int i = 0; i < n; i++) {
                long address = ((long) call << 32) + firstPlace + i;
                noise.uniforms(Noise.Domain.DROPOUT, address, made, target, i * perImage, perImage);
            }
        });
    }

    /** The configured objective: x0 noised to x_t, and the model's output about it. */
    private Tensor objective(Denoiser model, Tensor x0, Tensor t, Tensor epsilon) {
        var xt = forward.value().xt(x0, t, epsilon);
        return objective.value().perImage(x0, xt, epsilon, t, model.predict(xt, t));
    }

    /** @param images the batch's examples, for messages; null for those of the run at this step */
    private StepReport update(List<Double> ownLosses, int[] images) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            long before = System.nanoTime();
            double loss = group.sum(
                    ownLosses.stream().mapToDouble(Double::doubleValue).sum());
            double communication = sum.waited() + (System.nanoTime() - before) / 1e9;
            double norm = replicas.getFirst().params().clipGradient(config.clipNorm());
            if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
                throw new DivergedException(step, loss, norm, names(images));
            }
            double rate = config.learningRate().at(step);
            adam.step(rate);
            average.update(step);
            return new StepReport(step++, loss, norm, rate, communication);
        }
    }

    private String names(int[] given) {
        var images =
                given != null ? given : loader.load(step, 0, config.batch()).images();
        var names = Arrays.stream(images).limit(8).mapToObj(loader::name).collect(Collectors.joining(", "));
        return images.length > 8 ? names + ", and " + (images.length - 8) + " more" : names;
    }

    @Override
    public void close() {
        workers.close();
        sum.close();
        forward.close();
        objective.close();
        replicas.forEach(replica -> replica.params().close());
        average.close();
        adam.close();
    }
}
