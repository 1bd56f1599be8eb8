package ddpm.tests.digits;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.data.ImageShape;
import ddpm.data.Mnist;
import ddpm.data.Split;
import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Timesteps;
import ddpm.model.Model;
import ddpm.sampling.Solver;
import ddpm.torch.Device;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The built-in model draws digits that a classifier of this DSL can read. */
class DigitsTest {
    private static Path resource(String name) throws URISyntaxException {
        return Path.of(DigitsTest.class.getResource("/digits/" + name).toURI());
    }

    /** 500 test images of MNIST, on all 10,000 of which it was measured at 99.28 %. */
    @Test
    void theClassifierReadsRealDigits() throws Exception {
        try (var lenet = LeNet.load(resource("lenet.safetensors"))) {
            var test = Mnist.open(resource("mnist"), Split.TEST, new ImageShape(1, 32, 32));
            // Its standard error on 500 is 0.4 %.
            double accuracy = TrainLeNet.accuracy(lenet, test, test.size());
            assertTrue(accuracy >= 0.98, "accuracy " + accuracy);
        }
    }

    /** A small and fast version of what JudgeDigits measures on 1000 images of all 1000 steps. */
    @Test
    void theBuiltInModelDrawsLegibleDigitsAndThoseThatItIsAskedFor() throws Exception {
        try (var lenet = LeNet.load(resource("lenet.safetensors"));
                var model = Model.embedded(Device.CPU)) {
            var card = model.card();
            var chain = new Diffusion(card.schedule())
                    .respaced(Timesteps.even(card.schedule().steps(), 25));
            var sampler = card.sampler(chain).withSolver(new Solver.DpmSolver());
            var verdict = JudgeDigits.judge(lenet, model, sampler, 60, 1);
            assertTrue(verdict.confident() >= 0.85, verdict.toString());
            assertTrue(verdict.asked() >= 0.85, verdict.toString());
        }
    }
}
