package ddpm.sampling;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.testing.Golden;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** Recorded sampler steps of diffusers: for each row of settings four timesteps, on one fixed input. */
final class GoldenSteps {
    private static final int NUMEL = 2 * 3 * 4 * 4;

    final List<Map<String, Object>> rows;
    private final double[] x;
    private final double[] output;
    private final double[] z;
    private final double[] x0;
    private final double[] prev;

    GoldenSteps(String folder) throws IOException {
        rows = Golden.rows(folder + "/index.json");
        x = Golden.npy("diffusers/inputs/sample.npy").doubles();
        output = Golden.npy("diffusers/inputs/model_output.npy").doubles();
        z = Golden.npy("diffusers/inputs/noise.npy").doubles();
        x0 = Golden.npy(folder + "/pred_original_sample_f64.npy").doubles();
        prev = Golden.npy(folder + "/prev_sample_f64.npy").doubles();
    }

    int t(Map<String, Object> row, int column) {
        return (Integer) ((List<?>) row.get("t")).get(column);
    }

    int prevT(Map<String, Object> row, int column) {
        return (Integer) ((List<?>) row.get("prev_t")).get(column);
    }

    /** One step by the table at index {@code t}, in double, compared element by element with the recorded one. */
    void check(
            Map<String, Object> row,
            int column,
            ReverseTable table,
            int t,
            double sigma,
            boolean clip,
            boolean comparePrevious) {
        int at = ((Integer) row.get("row") * 4 + column) * NUMEL;
        for (int i = 0; i < NUMEL; i++) {
            double predicted =
                    table.x0FromX().at(t) * x[i] - table.x0FromOutput().at(t) * output[i];
            double kept = clip ? Math.clamp(predicted, -1, 1) : predicted;
            assertClose(x0[at + i], kept, row + " x0, column " + column);
            if (comparePrevious) {
                double mean =
                        table.meanFromX0().at(t) * kept + table.meanFromX().at(t) * x[i];
                assertClose(prev[at + i], mean + sigma * z[i], row + " x_prev, column " + column);
            }
        }
    }

    private static void assertClose(double expected, double actual, String what) {
        assertEquals(expected, actual, 1e-6 * Math.max(1, Math.abs(expected)), what);
    }
}
