package ddpm.cli;

import ddpm.diffusion.BetaSchedule;
import ddpm.model.Model;
import ddpm.model.ModelCard;
import ddpm.nn.UNetMini;
import ddpm.torch.DType;
import ddpm.torch.Device;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import javax.imageio.ImageIO;

/**
 * One run of the command line inside this JVM, with its streams caught.
 *
 * @param status the exit status
 * @param out standard output
 * @param err standard error
 */
record Cli(int status, String out, String err) {
    /** T of {@link #tinyModel}. */
    static final int STEPS = 10;

    static Cli run(Object... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        var words = List.of(args).stream().map(Object::toString).toArray(String[]::new);
        var command = Main.commandLine(words).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
        int status = Main.run(command, words);
        return new Cli(status, out.toString(), err.toString());
    }

    /** Three pictures of {@link #tinyModel}'s size in a new folder. */
    static Path threePictures(Path folder) throws IOException {
        Files.createDirectory(folder);
        for (int i = 0; i < 3; i++) {
            var picture = new BufferedImage(16, 8, BufferedImage.TYPE_BYTE_GRAY);
            picture.createGraphics().fillRect(i, 2, 6, 4);
            ImageIO.write(picture, "png", folder.resolve(i + ".png").toFile());
        }
        return folder;
    }

    /** A grey model of 8 x 16 pixels and {@value #STEPS} steps, random but the same each time. */
    static Path tinyModel(Path file) throws IOException {
        return tinyModel(file, BetaSchedule.linear(STEPS, 0.05, 0.5));
    }

    /** The model of another schedule. */
    static Path tinyModel(Path file, BetaSchedule schedule) throws IOException {
        var config = new UNetMini.Config(1, 8, List.of(1, 1, 1), 8);
        var card = ModelCard.of(config, schedule, 8, 16);
        try (var model = new Model(card, Device.CPU)) {
            model.params().initialise((parameter, target) -> {
                var random = new Random(parameter);
                for (int i = 0; i < target.length; i++) {
                    target[i] = random.nextFloat();
                }
            });
            model.save(file, DType.FLOAT32);
        }
        return file;
    }

    /** The command that runs {@link Main} in a JVM of its own. */
    static ProcessBuilder process(List<String> jvm, List<String> args) {
        var command = new java.util.ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(jvm);
        command.add(Main.class.getName());
        command.addAll(args);
        return new ProcessBuilder(command);
    }
}
