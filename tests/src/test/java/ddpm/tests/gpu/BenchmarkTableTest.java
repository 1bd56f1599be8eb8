package ddpm.tests.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class BenchmarkTableTest {
    @Test
    void rowsOfOneWorkStandTogetherWithTheirRatesAndRatios() {
        var table = BenchmarkTable.of(List.of(
                "# A card",
                "UNetMini\tfp32\t16\tddpm one launch\t0.4000\t0.1",
                "UNetMini\tfp32\t1\tddpm one launch\t0.2500\t0.1",
                "UNetMini\tfp32\t16\tPyTorch reduce-overhead\t0.5000\t30.0",
                "UNetMini\tfp32\t1\tPyTorch reduce-overhead\tout of memory\t"));
        assertEquals("""
                A card \s

                | network | precision | batch | way | ms/step | images/s at 1000 steps | host us/step | x PyTorch reduce-overhead |
                |---|---|---:|---|---:|---:|---:|---:|
                | UNetMini | fp32 | 1 | ddpm one launch | 0.2500 | 4.00 | 0.1 |  |
                | UNetMini | fp32 | 1 | PyTorch reduce-overhead | out of memory |  |  |  |
                | UNetMini | fp32 | 16 | ddpm one launch | 0.4000 | 40.0 | 0.1 | 1.25 |
                | UNetMini | fp32 | 16 | PyTorch reduce-overhead | 0.5000 | 32.0 | 30.0 | 1.00 |
                """, table);
    }

    @Test
    void aLineThatIsNoRowIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> BenchmarkTable.of(List.of("Traceback")));
    }
}
