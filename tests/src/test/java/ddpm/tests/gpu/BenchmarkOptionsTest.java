package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Device;
import java.util.List;
import org.junit.jupiter.api.Test;

class BenchmarkOptionsTest {
    @Test
    void leftOutOptionsHaveDefaultsAndOthersAreRead() {
        var options = BenchmarkOptions.parse("--batches", "2,3", "--device", "cpu");
        assertEquals(List.of(2, 3), options.batches());
        assertEquals(Device.CPU, options.device());
        assertEquals(List.of("UNetMini", "cifar10"), options.networks());
    }

    @Test
    void whatIsUnknownIsRefusedByName() {
        assertRefuses("--speed", "--speed", "1");
        assertRefuses("--steps", "--steps");
        assertRefuses("fp8", "--precisions", "fp8");
        assertRefuses("LeNet", "--networks", "LeNet");
        assertRefuses("--steps 7", "--steps", "7");
    }

    private static void assertRefuses(String named, String... arguments) {
        var e = assertThrows(IllegalArgumentException.class, () -> BenchmarkOptions.parse(arguments));
        assertTrue(e.getMessage().contains(named), e.getMessage());
    }
}
