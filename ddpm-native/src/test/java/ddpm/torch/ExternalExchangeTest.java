package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class ExternalExchangeTest {
    @Test
    void tensorsOfAnExternalLibtorchAreNotHandedToJavaCpp() throws Exception {
        var folder = LibTorch.load().folder().toString();
        var output = ChildJvm.start(List.of(), ExchangeOnExternal.class.getName(), folder)
                .outputOfSuccess();
        assertTrue(
                output.contains("refused: tensors are exchanged with org.bytedeco.pytorch only on the bundled"),
                output);
        assertTrue(output.contains("this process runs on " + folder), output);
    }
}
