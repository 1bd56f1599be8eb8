package ddpm.eval.quality;

import ddpm.data.ImageSet;
import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Features in a folder, by what they are of: a file's name is a hash of the images' content, their number and the network with its
 * weights and preprocessing, so what is found is never another's.
 *
 * @param folder made if it is not there
 */
public record FeatureCache(Path folder) {
    private static final String COUNT = "images";

    /**
     * Finds the features of images {@code 0..count-1}, or measures and keeps them; see {@link SetFeatures#measure}.
     *
     * @throws FileFormatException if what is kept is damaged
     * @throws IOException if the folder cannot be read or written
     */
    public SetFeatures of(
            FeatureExtractor extractor, ImageSet images, int count, SetFeatures.Wanted wanted, IntConsumer progress)
            throws IOException {
        int dimensions = extractor.network().features(images.shape());
        var file = file(extractor.network().identity(), images, count);
        if (Files.exists(file)) {
            var found = read(file, count, dimensions);
            if (found.has(wanted)) {
                progress.accept(count);
                return found;
            }
            found.close(); // it was made when less was wanted
        }
        var measured = SetFeatures.measure(extractor, images, count, wanted, progress);
        try {
            write(file, measured);
            return measured;
        } catch (IOException | RuntimeException e) {
            measured.close();
            throw e;
        }
    }

    private Path file(String network, ImageSet images, int count) {
        try {
            var key = network + "\n" + images.fingerprint() + "\n" + count;
            var hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
            return folder.resolve("features-" + HexFormat.of().formatHex(hash, 0, 16) + ".safetensors");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    private static SetFeatures read(Path file, int count, int dimensions) throws IOException {
        var contents = Safetensors.read(file);
        var tensors = contents.tensors();
        var mean = tensors.get("mean");
        var covariance = tensors.get("covariance");
        if (!Integer.toString(count).equals(contents.metadata().get(COUNT))
                || !isOf(mean, DType.FLOAT64, Shape.of(dimensions))
                || !isOf(covariance, DType.FLOAT64, Shape.of(dimensions, dimensions))) {
            throw new FileFormatException(file, "is not what was kept here; remove it, and it is measured anew");
        }
        try (var _ = TensorScope.open()) {
            return new SetFeatures(
                    FeatureStatistics.of(
                            tensor(mean).toDoubles(), tensor(covariance).toDoubles(), count),
                    detached(file, tensors.get("features"), count),
                    detached(file, tensors.get("logits"), count));
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "cannot be used: " + e.getMessage() + "; remove it", e);
        }
    }

    private static boolean isOf(StoredTensor stored, DType type, Shape shape) {
        return stored != null && stored.dtype() == type && stored.shape().equals(shape);
    }

    private static Tensor tensor(StoredTensor stored) {
        return Tensor.of(stored.data(), stored.dtype(), stored.shape());
    }

    private static Tensor detached(Path file, StoredTensor stored, int count) throws FileFormatException {
        if (stored == null) {
            return null;
        }
        if (stored.shape().rank() != 2 || stored.shape().size(0) != count || stored.dtype() != DType.FLOAT32) {
            throw new FileFormatException(
                    file, "holds " + stored.dtype() + " " + stored.shape() + " of " + count + " images; remove it");
        }
        return TensorScope.detach(tensor(stored).copy());
    }

    private void write(Path file, SetFeatures features) throws IOException {
        Files.createDirectories(folder);
        var tensors = new LinkedHashMap<String, StoredTensor>();
        try (var _ = TensorScope.open()) {
            put(tensors, "mean", features.statistics().mean());
            put(tensors, "covariance", features.statistics().covariance());
            put(tensors, "features", features.all());
            put(tensors, "logits", features.logits());
        }
        Safetensors.write(
                file, tensors, Map.of(COUNT, Long.toString(features.statistics().count())));
    }

    private static void put(Map<String, StoredTensor> tensors, String name, Tensor tensor) {
        if (tensor != null) {
            tensors.put(name, new StoredTensor(tensor.dtype(), tensor.shape(), tensor.toBytes()));
        }
    }
}
