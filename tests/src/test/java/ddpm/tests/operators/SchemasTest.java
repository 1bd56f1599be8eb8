package ddpm.tests.operators;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.torch.Ops;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The schemas by which calls by name are checked. */
class SchemasTest {
    @Test
    void theResourceIsWhatTheDispatcherHas() throws Exception {
        if (Boolean.getBoolean("ddpm.writeSchemas")) {
            Schemas.write(Path.of(System.getProperty("ddpm.root", ".."))
                    .resolve("ddpm-native/src/main/resources/ddpm/torch/schemas.txt"));
        }
        try (var resource = Ops.class.getResourceAsStream("schemas.txt")) {
            var bytes = resource.readAllBytes();
            assertTrue(bytes.length < 400_000, "the resource has " + bytes.length + " bytes");
            var lines = List.of(new String(bytes, StandardCharsets.UTF_8).split("\n"));
            assertEquals(String.join("\n", Schemas.ofTheBinding()), String.join("\n", lines));
        }
    }
}
