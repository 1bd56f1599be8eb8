package ddpm.testing;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.model.Model;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.train.Batch;
import ddpm.train.StepReport;
import ddpm.train.TrainConfig;
import ddpm.train.Trainer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The notebook's recorded run: its initial weights, and its five training steps made again by our {@link Trainer}. */
public final class NotebookRun {
    private static final int STEPS = 5;
    private static final int BATCH = 8;

    private NotebookRun() {}

    /** The network as the notebook's seed 0 initialises it. The caller closes it. */
    public static Model initial() throws IOException {
        return Model.load(Golden.path("notebook/unetmini_init.pt"), Device.CPU);
    }

    /** A trainer with the notebook's settings on {@link #initial}. The caller closes it. */
    public static Trainer trainer(Model model) {
        var config = TrainConfig.notebook(0, STEPS).withBatch(BATCH).withThreads(1);
        return new Trainer(model, new Unread(), config);
    }

    /** The five steps on the recorded images, timesteps and noise. */
    public static List<StepReport> train(Trainer trainer) throws IOException {
        var images = npy("train_imgs").floats();
        var noise = npy("train_noise").floats();
        var t = npy("train_t").longs();
        int perStep = images.length / STEPS;
        var reports = new ArrayList<StepReport>();
        for (int step = 0; step < STEPS; step++) {
            var batch = new Batch(
                    new int[BATCH],
                    Arrays.copyOfRange(images, step * perStep, (step + 1) * perStep),
                    Arrays.copyOfRange(t, step * BATCH, (step + 1) * BATCH),
                    Arrays.copyOfRange(noise, step * perStep, (step + 1) * perStep),
                    Shape.of(BATCH, 3, 32, 32));
            reports.add(trainer.train(batch));
        }
        return reports;
    }

    public static NpyFile npy(String name) throws IOException {
        return NpyFile.read(Golden.path("notebook/" + name + ".npy"));
    }

    /** A recorded float32 array as a tensor of the current scope. */
    public static Tensor tensor(String name) throws IOException {
        var file = npy(name);
        return Tensor.of(file.floats(), Shape.of(file.shape()));
    }

    /** The recorded steps bring their own images, so that none is ever read from here. */
    private static final class Unread implements ImageSet {
        @Override
        public int size() {
            return BATCH;
        }

        @Override
        public ImageShape shape() {
            return ImageShape.square(3, 32);
        }

        @Override
        public void read(int index, byte[] target, int offset) {
            throw new AssertionError("recorded batches bring their images");
        }

        @Override
        public String name(int index) {
            return "recorded #" + index;
        }

        @Override
        public String describe() {
            return "the notebook's recorded images";
        }

        @Override
        public String fingerprint() {
            return "0".repeat(32);
        }
    }
}
