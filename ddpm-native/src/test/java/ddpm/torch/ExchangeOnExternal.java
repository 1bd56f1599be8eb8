package ddpm.torch;

import ddpm.torch.cpp.CppTensors;
import java.nio.file.Path;

/** What a child JVM of {@link ExternalExchangeTest} runs: {@code <a folder with libtorch>}, loaded as an external one. */
final class ExchangeOnExternal {
    private ExchangeOnExternal() {}

    public static void main(String[] args) {
        LibTorch.load(Path.of(args[0]));
        try (var _ = TensorScope.open()) {
            CppTensors.toCpp(Tensor.scalar(1));
        } catch (TorchException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
