package ddpm.tests.networks;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ddpm.nn.NetworkConfig;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.HashMap;
import java.util.Map;

/** A network exported to ONNX and run by ONNX Runtime, for one size of batch and image. */
public final class OnnxNetwork implements AutoCloseable {
    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final Shape images;

    /**
     * @param weights float32, by parameter
     * @param images {@code [B, C, H, W]}
     * @param threads of its pool
     */
    public OnnxNetwork(NetworkConfig config, Map<String, Tensor> weights, Shape images, int threads)
            throws OrtException {
        this.images = images;
        var layers = new OnnxLayers(weights);
        var x = layers.input("x", images);
        var t = layers.input("t", Shape.of(images.size(0)));
        var labels = config.labels() == 0 ? null : layers.labels("labels", Shape.of(images.size(0)));
        var epsilon = PlainNetwork.of(config, layers).forward(x, t, labels);
        var outputs = Shape.of(images.size(0), config.outChannels(), images.size(2), images.size(3));
        try (var options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            session = environment.createSession(layers.model(epsilon, outputs), options);
        }
    }

    /**
     * Epsilon.
     *
     * @param x {@code [B, C, H, W]}, row-major
     * @param t {@code [B]}
     * @param labels {@code [B]}, or null for a network that is told none
     */
    public float[] forward(float[] x, float[] t, long[] labels) throws OrtException {
        long[] batch = {t.length};
        var inputs = new HashMap<String, OnnxTensor>();
        try {
            inputs.put("x", OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), images.toArray()));
            inputs.put("t", OnnxTensor.createTensor(environment, FloatBuffer.wrap(t), batch));
            if (labels != null) {
                inputs.put("labels", OnnxTensor.createTensor(environment, LongBuffer.wrap(labels), batch));
            }
            try (var result = session.run(inputs)) {
                return ((OnnxTensor) result.get(0)).getFloatBuffer().array();
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
