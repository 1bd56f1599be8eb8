/**
 * Models as ONNX files, which other runtimes compute.
 *
 * <p>Each network is written down once more here, by its layers; {@code OnnxLayers} makes operators of them and {@code
 * OnnxGraph} a file. Nothing is computed and no libtorch is needed. A network of another kind has no such form.
 *
 * @since 0.1.0
 */
package ddpm.model.onnx;
