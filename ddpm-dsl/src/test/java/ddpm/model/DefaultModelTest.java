package ddpm.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.io.FileFormatException;
import ddpm.io.Safetensors;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DefaultModelTest {
    @Test
    void theEmbeddedModelPredictsWhatItsCardPromises() throws IOException {
        try (var model = Model.embedded(Device.CPU);
                var _ = TensorScope.open()) {
            var card = model.card();
            assertEquals(StoredModel.of(DefaultModel.open(), Weights.EMA).card(), card);
            var shape = card.images(2);
            var output = model.predict(
                    Tensor.zeros(shape, DType.FLOAT32, Device.CPU), Tensor.of(new long[] {0, 7}, Shape.of(2)));
            assertEquals(shape, output.shape());
            for (float value : output.toFloats()) {
                assertTrue(Float.isFinite(value));
            }
        }
    }

    /**
     * Near t = 0 the noise in x_t, of 0.01, is of the size of bfloat16's steps below 1, 0.004: with x_t rounded the mean
     * square of what epsilon is off is 0.0026, with x_t as it is 0.0002.
     */
    @Test
    void inBfloat16TheNoiseNearTheEndIsStillSeen() throws IOException {
        try (var model = Model.embedded(Device.CPU);
                var float32 = model.prepared(DType.FLOAT32);
                var bfloat16 = model.prepared(DType.BFLOAT16);
                var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var shape = model.card().images(4);
            var random = new Random(1);
            var values = new float[Math.toIntExact(shape.numel())];
            for (int i = 0; i < values.length; i++) {
                double stroke = i % 32 > 12 && i % 32 < 18 ? 1 : -1;
                values[i] = (float) (stroke + 0.01 * random.nextGaussian());
            }
            var x = Tensor.of(values, shape);
            var t = Tensor.of(new long[] {0}, Shape.of(1));
            var exact = float32.predict(x, t).toFloats();
            var rounded = bfloat16.predict(x, t).toFloats();
            double sum = 0;
            for (int i = 0; i < exact.length; i++) {
                sum += Math.pow(exact[i] - rounded[i], 2);
            }
            assertTrue(sum / exact.length < 0.001, "mean square " + sum / exact.length);
        }
    }

    @Test
    void aFileInMemoryReadsAsItDoesOnDisk(@TempDir Path folder) throws IOException {
        var contents = DefaultModel.open();
        var file = folder.resolve("model.safetensors");
        Safetensors.write(file, contents.tensors(), contents.metadata());
        var bytes = Files.readAllBytes(file);
        var inMemory = Safetensors.read(Path.of("mine"), ByteBuffer.wrap(bytes));
        assertEquals(Safetensors.read(file), inMemory);
    }

    @Test
    void aDamagedFileInMemoryIsRefusedByTheNameItWasGiven(@TempDir Path folder) throws IOException {
        var file = folder.resolve("w");
        var tensor = new StoredTensor(DType.UINT8, Shape.of(5), ByteBuffer.allocate(5));
        Safetensors.write(file, Map.of("w", tensor), Map.of());
        var bytes = Files.readAllBytes(file);
        var cut = ByteBuffer.wrap(bytes, 0, bytes.length - 1);
        var refused = assertThrows(FileFormatException.class, () -> Safetensors.read(Path.of("mine"), cut));
        assertTrue(refused.getMessage().startsWith("mine: ")
                && refused.getMessage().contains("cut short"));
    }

    @Test
    void aWeightBeyondHalfPrecisionIsNotSavedAsInfinity(@TempDir Path folder) throws IOException {
        try (var model = Model.embedded(Device.CPU);
                var _ = GradMode.off()) {
            model.params().flat().set(0, new float[] {70000}, 0, 1);
            var file = folder.resolve("half.safetensors");
            var refused = assertThrows(IllegalArgumentException.class, () -> model.save(file, DType.FLOAT16));
            assertTrue(refused.getMessage().contains("holds 70000.0, which is beyond float16"), refused.getMessage());
            assertEquals(false, Files.exists(file));
            model.save(file, DType.BFLOAT16);
            assertTrue(Files.exists(file));
        }
    }
}
