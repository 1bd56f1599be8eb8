package ddpm.tests.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.LibTorch;
import ddpm.torch.Ops;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The schemas by which calls by name are checked. */
class SchemasTest {
    private static List<String> lines() throws IOException {
        try (var resource = Ops.class.getResourceAsStream("schemas.txt")) {
            return List.of(new String(resource.readAllBytes(), StandardCharsets.UTF_8).split("\n"));
        }
    }

    /** On the newest libtorch; on the oldest, {@link #thisLibtorchHasEveryOne} is what matters. */
    @Test
    void theResourceIsWhatTheDispatcherHas() throws Exception {
        if (Boolean.getBoolean("ddpm.writeSchemas")) {
            Schemas.write(Path.of(System.getProperty("ddpm.root", ".."))
                    .resolve("ddpm-native/src/main/resources/ddpm/torch/schemas.txt"));
        }
        var newest = lines().getFirst().replaceAll(".* ", "");
        if (LibTorch.load().version().startsWith(newest + ".")) {
            assertEquals(String.join("\n", Schemas.resource()), String.join("\n", lines()));
        }
    }

    @Test
    void thisLibtorchHasEveryOne() throws Exception {
        var wanted = new TreeSet<>(lines().subList(1, lines().size()));
        assertTrue(wanted.size() > 1400, wanted.size() + " schemas");
        wanted.removeAll(Schemas.ofTheBinding());
        assertEquals(Set.of(), wanted);
    }

    @Test
    void theResourceIsSmall() throws Exception {
        int bytes = String.join("\n", lines()).length();
        assertTrue(bytes < 400_000, bytes + " bytes");
    }
}
