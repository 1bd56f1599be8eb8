package ddpm.eval.inception;

import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;

/** Weights of the network that follow from their names by a formula, with which the golden features were made. */
final class FormulaWeights {
    private FormulaWeights() {}

    static Map<String, StoredTensor> all() {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        InceptionShapes.all().forEach((name, shape) -> tensors.put(name, tensor(name, shape)));
        return tensors;
    }

    private static StoredTensor tensor(String name, Shape shape) {
        var crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        long start = crc.getValue() * 0x9E3779B97F4A7C15L;
        int n = (int) shape.numel();
        var bytes = ByteBuffer.allocate(n * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < n; i++) {
            long z = start + i;
            z = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
            z = (z ^ z >>> 27) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            bytes.putFloat((float) value(name, shape, 2 * ((z >>> 11) * 0x1p-53) - 1));
        }
        return new StoredTensor(DType.FLOAT32, shape, bytes.flip());
    }

    private static double value(String name, Shape shape, double s) {
        if (name.endsWith("conv.weight")) {
            return s * Math.sqrt(6.0 / (shape.numel() / shape.size(0))) * 1.15;
        }
        return switch (name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1)) {
            case "fc.weight" -> s * Math.sqrt(12.0 / 2048);
            case "fc.bias" -> s * 0.1;
            case "bn.weight" -> 1 + 0.2 * s;
            case "bn.running_var" -> 1.25 + 0.25 * s;
            default -> 0.05 * s;
        };
    }
}
