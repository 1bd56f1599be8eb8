package ddpm.torch;

/**
 * When to ask for oneDNN by name.
 *
 * <p>ATen convolves one small image alone with another kernel than the same image in a batch: slower, and rounded
 * differently. Asking for oneDNN there makes an image the same whether it is drawn alone or among others.
 */
final class OneDnn {
    /** ATen's own bound: below it a batch of one goes to its other kernel. */
    private static final long SMALL = 20480;

    private static final boolean AVAILABLE = works();

    private OneDnn() {}

    static boolean shouldConvolve(Tensor x) {
        var shape = x.shape();
        return shape.size(0) == 1
                && shape.numel() <= SMALL
                && shape.numel() > 0
                && x.device().equals(Device.CPU)
                && x.dtype() == DType.FLOAT32
                && AVAILABLE;
    }

    /** Not every libtorch is built with oneDNN: those for ARM may not be. */
    private static boolean works() {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            var image = Tensor.zeros(Shape.of(1, 1, 3, 3), DType.FLOAT32, Device.CPU);
            new Op("aten::mkldnn_convolution")
                    .call()
                    .tensor(image)
                    .tensor(image)
                    .none()
                    .integers(0, 0)
                    .integers(1, 1)
                    .integers(1, 1)
                    .integer(1)
                    .one();
            return true;
        } catch (TorchException e) {
            return false;
        }
    }
}
