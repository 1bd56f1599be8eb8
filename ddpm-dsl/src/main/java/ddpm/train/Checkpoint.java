package ddpm.train;

import ddpm.io.FileBytes;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFiles;
import ddpm.io.WholeFile;
import ddpm.model.Model;
import ddpm.torch.DType;
import ddpm.torch.GradMode;
import ddpm.torch.LibTorch;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * One checkpoint: a folder with {@code model.safetensors} (the EMA, what samplers load), {@code raw.safetensors} (the
 * weights), {@code optimizer.safetensors} (Adam's moments) and {@code state.json} (step, configuration, data fingerprint,
 * checksums of the other three).
 *
 * <p>The folder is written under another name and renamed when all of it is on disk, so it is whole or absent; the
 * checksums find what a disk breaks later.
 */
public final class Checkpoint {
    static final String MODEL = "model.safetensors";
    static final String RAW = "raw.safetensors";
    static final String OPTIMIZER = "optimizer.safetensors";
    static final String STATE = "state.json";

    private static final String FIRST = "firstMoments.";
    private static final String SECOND = "secondMoments.";

    private final Path folder;
    private final StateJson.State state;

    private Checkpoint(Path folder, StateJson.State state) {
        this.folder = folder;
        this.state = state;
    }

    /**
     * Writes the trainer's whole state as {@code folder}, whole or not at all.
     *
     * @param dataset fingerprint of the images
     * @throws IOException if it cannot be written; the message tells how much room was needed
     */
    public static Checkpoint write(Path folder, Trainer trainer, String dataset) throws IOException {
        var model = trainer.model();
        var sums = new LinkedHashMap<String, String>();
        var state = new StateJson.State(
                trainer.step(),
                trainer.config(),
                dataset,
                sums,
                Map.of(
                        "libtorch", LibTorch.load().version(),
                        "java", System.getProperty("java.version"),
                        "device", trainer.device().toString()));
        WholeFile.folder(folder, part -> {
            model.save(part.resolve(MODEL), trainer.ema(), DType.FLOAT32);
            model.save(part.resolve(RAW), model.params().flat(), DType.FLOAT32);
            var moments = new LinkedHashMap<String, StoredTensor>();
            model.stored(trainer.adam().firstMoments(), DType.FLOAT32).forEach((n, t) -> moments.put(FIRST + n, t));
            model.stored(trainer.adam().secondMoments(), DType.FLOAT32).forEach((n, t) -> moments.put(SECOND + n, t));
            Safetensors.write(part.resolve(OPTIMIZER), moments, Map.of());
            for (var name : List.of(MODEL, RAW, OPTIMIZER)) {
                sums.put(name, checksum(part.resolve(name)));
            }
            WholeFile.write(part.resolve(STATE), StateJson.write(state));
        });
        return new Checkpoint(folder, state);
    }

    /**
     * Opens a checkpoint and checks every file's checksum.
     *
     * @throws FileFormatException if anything in it is missing or damaged
     * @throws IOException if anything in it cannot be read, which says nothing of its state
     */
    public static Checkpoint open(Path folder) throws IOException {
        var file = folder.resolve(STATE);
        StateJson.State state;
        try {
            state = StateJson.read(file, FileBytes.readText(file, "the state of a run", StateJson.MAX_BYTES));
        } catch (NoSuchFileException e) {
            throw new FileFormatException(file, "is missing, so the checkpoint is not whole", e);
        }
        for (var name : List.of(MODEL, RAW, OPTIMIZER)) {
            var path = folder.resolve(name);
            if (name.equals(OPTIMIZER) && Files.notExists(path) && Files.exists(folder.resolve(RAW))) {
                throw new FileFormatException(
                        path,
                        "is missing, and without the optimizer's state a run cannot be resumed;"
                                + " begin a new run with these weights instead: --init-from " + folder.resolve(RAW));
            }
            if (!isWhole(path, state.files().get(name))) {
                throw new FileFormatException(path, "is missing or damaged: its checksum is not that in " + STATE);
            }
        }
        return new Checkpoint(folder, state);
    }

    /** A file that is there and cannot be read is no damaged one: that is thrown. */
    private static boolean isWhole(Path path, String sum) throws IOException {
        try {
            return !Files.isDirectory(path) && checksum(path).equals(sum);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    public Path folder() {
        return folder;
    }

    /** Steps made. */
    public long step() {
        return state.step();
    }

    public TrainConfig config() {
        return state.config();
    }

    /** The fingerprint of the images it was trained on. */
    public String dataset() {
        return state.dataset();
    }

    /** The averaged weights as a model file. */
    public Path model() {
        return folder.resolve(MODEL);
    }

    /** The weights themselves, as a model file. */
    public Path raw() {
        return folder.resolve(RAW);
    }

    /** Puts a fresh trainer of the same model where this checkpoint left off. */
    public void restore(Trainer trainer) throws IOException {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            restore(trainer.model(), trainer.ema(), TensorFiles.read(folder.resolve(MODEL)), "");
            restore(trainer.model(), trainer.model().params().flat(), TensorFiles.read(folder.resolve(RAW)), "");
            var moments = TensorFiles.read(folder.resolve(OPTIMIZER));
            restore(trainer.model(), trainer.adam().firstMoments(), moments, FIRST);
            restore(trainer.model(), trainer.adam().secondMoments(), moments, SECOND);
        }
        trainer.resumeAt(step());
    }

    private void restore(Model model, Tensor flat, Map<String, StoredTensor> tensors, String prefix)
            throws FileFormatException {
        for (var target : model.params().named(flat).entrySet()) {
            var stored = tensors.get(prefix + target.getKey());
            if (stored == null || !stored.shape().equals(target.getValue().shape())) {
                throw new FileFormatException(
                        folder,
                        "is of another network: " + prefix + target.getKey() + " is "
                                + (stored == null ? "missing" : stored.shape()) + ", not "
                                + target.getValue().shape());
            }
            target.getValue().copyFrom(Tensor.of(stored.data(), stored.dtype(), stored.shape()));
        }
    }

    private static String checksum(Path file) throws IOException {
        var crc = new CRC32C();
        var buffer = new byte[1 << 16];
        try (var in = Files.newInputStream(file)) {
            for (int n; (n = in.read(buffer)) > 0; ) {
                crc.update(buffer, 0, n);
            }
        }
        return Long.toHexString(crc.getValue());
    }
}
