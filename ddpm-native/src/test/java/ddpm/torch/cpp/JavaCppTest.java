package ddpm.torch.cpp;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.TorchException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JavaCppTest {
    @Test
    void aLibtorchWithoutJavaCppsBindingIsRefusedByFolder(@TempDir Path pip) {
        TorchException e = assertThrows(TorchException.class, () -> JavaCpp.ready(pip));
        assertTrue(
                e.getMessage().contains("jnitorch")
                        && e.getMessage().contains("is not in " + pip)
                        && e.getMessage().contains("only with the bundled libtorch"),
                e.getMessage());
    }
}
