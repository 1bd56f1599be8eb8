package ddpm.tests.networks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.io.StoredTensor;
import ddpm.model.ModelCard;
import ddpm.model.onnx.OnnxFile;
import ddpm.nn.NetworkConfig;
import ddpm.nn.Params;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** An ONNX file of ours in ONNX Runtime. */
public final class OnnxNetwork implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;

    /** @param threads of its pool */
    OnnxNetwork(Path file, int threads) throws OrtException {
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            session = environment.createSession(file.toString(), options);
        }
    }

    /** Writes a network with these weights and opens it. */
    public static OnnxNetwork of(NetworkConfig config, Params params, int threads) throws IOException, OrtException {
        var file = Files.createTempFile("ddpm", ".onnx");
        try {
            OnnxFile.write(file, card(config), stored(params));
            return new OnnxNetwork(file, threads);
        } finally {
            Files.delete(file);
        }
    }

    private static ModelCard card(NetworkConfig config) {
        boolean isLearned = config.outChannels() != config.inChannels();
        int side = config.sizeMultiple();
        return new ModelCard(
                config,
                BetaSchedule.ho2020(),
                Prediction.EPSILON,
                isLearned ? Variance.LEARNED_RANGE : Variance.FIXED_LARGE,
                Clip.X0,
                side,
                side,
                Map.of());
    }

    private static Map<String, StoredTensor> stored(Params params) {
        var stored = new LinkedHashMap<String, StoredTensor>();
        try (var _ = TensorScope.open()) {
            Weights.copies(params)
                    .forEach((name, tensor) ->
                            stored.put(name, new StoredTensor(tensor.dtype(), tensor.shape(), tensor.toBytes())));
        }
        return stored;
    }

    /**
     * The output.
     *
     * @param x of this shape {@code [B, C, H, W]}, row-major
     * @param t {@code [B]} or {@code [1]}
     * @param labels {@code [B]}, or null for a network that is told none
     */
    public float[] forward(float[] x, Shape shape, long[] t, long[] labels) throws OrtException {
        var inputs = new HashMap<String, OnnxTensor>();
        try {
            inputs.put("sample", OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), shape.toArray()));
            inputs.put("timestep", integers(t));
            if (labels != null) {
                inputs.put("class_labels", integers(labels));
            }
            try (var result = session.run(inputs)) {
                return ((OnnxTensor) result.get("out_sample").orElseThrow())
                        .getFloatBuffer()
                        .array();
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor integers(long[] values) throws OrtException {
        return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), new long[] {values.length});
    }

    /** Free text by name in the file. */
    Map<String, String> metadata() throws OrtException {
        return session.getMetadata().getCustomMetadata();
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
