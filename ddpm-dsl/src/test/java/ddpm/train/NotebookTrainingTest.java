package ddpm.train;

import static ddpm.testing.Close.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.testing.Golden;
import ddpm.testing.NotebookRun;
import ddpm.torch.TensorScope;
import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

class NotebookTrainingTest {
    private static final List<String> RECORDED = List.of(
            "in_conv.weight",
            "in_conv.bias",
            "time_mlp.0.bias",
            "down1.norm1.weight",
            "down1.time.weight",
            "down2.conv1.bias",
            "up3.conv2.weight",
            "up3.norm2.bias",
            "out_conv.weight",
            "out_conv.bias");

    @Test
    void fiveStepsHaveTheNotebooksLossesGradientsAndAverage() throws Exception {
        var recorded = JSON.std.mapFrom(Files.readString(Golden.path("notebook/train.json")));
        try (var model = NotebookRun.initial();
                var trainer = NotebookRun.trainer(model);
                var _ = TensorScope.open()) {
            var reports = NotebookRun.train(trainer);
            for (int step = 0; step < reports.size(); step++) {
                double loss = number(recorded.get("loss"), step);
                double norm = number(recorded.get("grad_norm"), step);
                assertEquals(loss, reports.get(step).loss(), 1e-4 * loss, "loss of step " + step);
                assertEquals(norm, reports.get(step).gradientNorm(), 1e-3 * norm, "gradient norm of step " + step);
                assertEquals(2e-4, reports.get(step).learningRate());
            }
            var ema = model.params().named(trainer.ema());
            for (var name : RECORDED) {
                // Five steps of Adam move a weight by 1e-3 and the average by 3e-6; the float32 next to 1 is 1e-7 away.
                assertWithin(
                        4e-7,
                        NotebookRun.npy("ema_after5/" + name).floats(),
                        ema.get(name).toFloats(),
                        name);
            }
        }
    }

    private static double number(Object list, int index) {
        return ((Number) ((List<?>) list).get(index)).doubleValue();
    }
}
