package ddpm.tests.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.UNetMini;
import ddpm.sampling.Sampler;
import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import ddpm.train.TrainConfig;
import ddpm.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * A thousand steps leave neither handles nor memory behind. A leak of one activation of 8 x 8 x 8 floats a step would be
 * 2 MB a thousand steps, of one step's activations over 100 MB.
 */
@EnabledOnOs(value = OS.LINUX, disabledReason = "resident memory is read from /proc")
class FlatMemoryTest {
    private static final long ALLOWED = 48L << 20;

    private static final ModelCard CARD =
            ModelCard.of(new UNetMini.Config(1, 8, List.of(1, 1, 1), 8), BetaSchedule.linear(250, 1e-4, 0.05), 8, 8);

    @Test
    void aThousandTrainingStepsLeaveNothingBehind() throws IOException {
        long before = TensorScope.liveTensors();
        try (var model = new Model(CARD, Device.CPU);
                var trainer = new Trainer(
                        model,
                        new Grey(),
                        TrainConfig.notebook(1, 2000).withBatch(4).withThreads(2))) {
            trainer.initialise();
            steps(trainer, 200); // until the JIT and the allocator have settled
            long handles = TensorScope.liveTensors();
            long resident = residentBytes();
            for (int hundred = 0; hundred < 10; hundred++) {
                steps(trainer, 100);
                assertEquals(handles, TensorScope.liveTensors());
            }
            assertFlat(resident, "a thousand training steps");
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    private static void steps(Trainer trainer, int count) {
        for (int i = 0; i < count; i++) {
            trainer.train();
        }
    }

    @Test
    void aThousandSamplingStepsLeaveNothingBehind() throws IOException {
        long before = TensorScope.liveTensors();
        var diffusion = new Diffusion(CARD.schedule());
        var sampler = CARD.sampler(diffusion).withThreads(2);
        try (var model = new Model(CARD, Device.CPU)) {
            long handles = TensorScope.liveTensors();
            sample(model, sampler);
            long resident = residentBytes();
            for (int chain = 0; chain < 4; chain++) { // of 250 steps
                sample(model, sampler);
                assertEquals(handles, TensorScope.liveTensors());
            }
            assertFlat(resident, "a thousand sampling steps");
        }
        assertEquals(before, TensorScope.liveTensors());
    }

    private static void sample(Model model, Sampler sampler) {
        try (var _ = TensorScope.open()) {
            assertEquals(
                    Shape.of(4, 1, 8, 8),
                    sampler.sample(model, CARD.images(4), Noise.seed(3)).shape());
        }
    }

    private static void assertFlat(long before, String what) throws IOException {
        long grown = residentBytes() - before;
        assertTrue(grown < ALLOWED, what + " grew resident memory by " + grown + " bytes");
    }

    private static long residentBytes() throws IOException {
        System.gc(); // the heap's growth is not what is measured
        return 4096
                * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    }

    /** Sixteen plain grey images. */
    private static final class Grey implements ImageSet {
        @Override
        public int size() {
            return 16;
        }

        @Override
        public ImageShape shape() {
            return ImageShape.square(1, 8);
        }

        @Override
        public void read(int index, byte[] target, int offset) {
            Arrays.fill(target, offset, offset + 64, (byte) (16 * index));
        }

        @Override
        public String name(int index) {
            return "grey #" + index;
        }

        @Override
        public String describe() {
            return "16 plain grey images, 8x8";
        }

        @Override
        public String fingerprint() {
            return "0".repeat(32);
        }
    }
}
