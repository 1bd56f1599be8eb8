package ddpm.tests.published;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ddpm.diffusion.Diffusion;
import ddpm.diffusion.Noise;
import ddpm.diffusion.Timesteps;
import ddpm.image.Images;
import ddpm.model.Model;
import ddpm.tests.ChildJvm;
import ddpm.torch.Device;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A Maven project that knows our coordinates and nothing else draws a digit, the same one as this process does. */
class ConsumersIT {
    private static final Path SOURCES = Path.of(System.getProperty("ddpm.root", ".."))
            .resolve("tests/src/consumers")
            .toAbsolutePath()
            .normalize();

    @TempDir
    private Path folder;

    @Test
    void aMavenProjectDrawsADigit() throws Exception {
        var staged = Staged.in(folder.resolve("repository"));
        var project = Files.createDirectories(folder.resolve("draw"));
        Files.copy(SOURCES.resolve("maven/pom.xml"), project.resolve("pom.xml"));
        Files.copy(SOURCES.resolve("Draw.java"), project.resolve("Draw.java"));
        var settings = Files.writeString(folder.resolve("settings.xml"), settings(staged));
        Map<String, String> environment = new HashMap<>();
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("DDPM_LIBTORCH", null);
        environment.put("MAVEN_ARGS", null);
        var ended = ChildJvm.run(
                Path.of(System.getProperty("ddpm.maven")),
                List.of("-B", "-q", "-s", settings.toString(), "compile", "exec:exec"),
                List.of(
                        "-Dddpm.version=" + staged.version(),
                        "-Dddpm.platform=" + System.getProperty("ddpm.natives"),
                        "-Dcompiler.version=" + System.getProperty("ddpm.compilerPlugin"),
                        "-Dexec.version=" + System.getProperty("ddpm.execPlugin")),
                project,
                environment);
        assertEquals(0, ended.status(), ended::toString);
        assertArrayEquals(pixels(drawnHere()), pixels(project.resolve("one.png")));
    }

    private Path drawnHere() throws IOException {
        var file = folder.resolve("here.png");
        try (var _ = TensorScope.open();
                var model = Model.embedded(Device.CPU)) {
            var chain = new Diffusion(model.card().schedule()).respaced(Timesteps.even(1000, 10));
            var image = model.card().sampler(chain).sample(model, model.card().images(1), Noise.seed(7));
            Images.of(image.toFloats(), image.shape()).grid().write(file);
        }
        return file;
    }

    private static int[] pixels(Path png) throws IOException {
        var image = ImageIO.read(png.toFile());
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }

    /**
     * A local repository of its own, so that this build's artifacts enter no other. What this machine has fetched already is
     * copied from its repository; what it lacks comes from Maven Central.
     */
    private String settings(Staged staged) {
        var repositories = """
                  <%1$sRepository><id>staged</id><url>%2$s</url></%1$sRepository>
                  <%1$sRepository><id>fetched</id><url>%3$s</url></%1$sRepository>
                """;
        var fetched = Path.of(System.getProperty("ddpm.localRepository")).toUri();
        return """
                <settings>
                  <localRepository>%s</localRepository>
                  <profiles>
                    <profile>
                      <id>here</id>
                      <repositories>%s</repositories>
                      <pluginRepositories>%s</pluginRepositories>
                    </profile>
                  </profiles>
                  <activeProfiles><activeProfile>here</activeProfile></activeProfiles>
                </settings>
                """.formatted(
                folder.resolve("local"),
                repositories.formatted("", staged.repository().toUri(), fetched).replace("Repository>", "repository>"),
                repositories.formatted("plugin", staged.repository().toUri(), fetched));
    }
}
