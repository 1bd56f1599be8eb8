import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.torch.Device;
import ddpm.torch.TensorScope;
import java.nio.file.Path;

/** Draws one digit of the built-in model: {@code Draw FILE.png}. */
final class Draw {
    public static void main(String[] arguments) throws Exception {
        try (var scope = TensorScope.open();
                var model = Model.embedded(Device.CPU)) {
            var chain = new Diffusion(model.card().schedule()).respaced(Timesteps.even(1000, 10));
            var image = model.card().sampler(chain).sample(model, model.card().images(1), Noise.seed(7));
            Images.of(image.toFloats(), image.shape()).grid().write(Path.of(arguments[0]));
        }
    }
}
