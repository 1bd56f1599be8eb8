package ddpm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.io.NpzFile;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code quality} refuses before it computes; the measures themselves are tested where they are. */
class QualityTest {
    @TempDir
    private Path folder;

    private String images;

    @BeforeEach
    void images() throws Exception {
        var file = folder.resolve("images.npz");
        NpzFile.write(
                file, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(3, 4, 4, 3), ByteBuffer.allocate(144))));
        images = file.toString();
    }

    private void assertRefused(int status, String message, String... more) {
        var arguments = new String[more.length + 3];
        arguments[0] = "quality";
        arguments[1] = "--images";
        arguments[2] = images;
        System.arraycopy(more, 0, arguments, 3, more.length);
        var run = Cli.run((Object[]) arguments);
        assertEquals(status, run.status(), run.err());
        assertTrue(run.err().contains(message), run.err());
        assertEquals("", run.out());
    }

    @Test
    void contradictionsAreRefused() {
        assertRefused(2, "--inception");
        assertRefused(2, "nothing to measure", "--inception", "x.pth");
        assertRefused(2, "give one of them", "--inception", "x", "--data", images, "--statistics", "s.npz");
        assertRefused(2, "--kid needs the real images", "--inception", "x", "--kid", "--is");
        assertRefused(2, "--precision-recall needs", "--inception", "x", "--precision-recall", "--statistics", "s.npz");
    }

    @Test
    void otherFilesAreRefusedByName() throws Exception {
        var wrong = folder.resolve("wrong.safetensors");
        ddpm.io.Safetensors.write(
                wrong, Map.of("w", new StoredTensor(DType.FLOAT32, Shape.of(1), ByteBuffer.allocate(4))), Map.of());
        assertRefused(1, "is not the Inception network", "--inception", wrong.toString(), "--is");
        var other = folder.resolve("other.npz");
        NpzFile.write(
                other, Map.of("arr_0", new StoredTensor(DType.UINT8, Shape.of(3, 4, 5, 3), ByteBuffer.allocate(180))));
        assertRefused(2, "measure equal shapes", "--inception", wrong.toString(), "--data", other.toString());
        Files.writeString(folder.resolve("text.npz"), "no zip");
        assertRefused(
                1,
                "not an .npz file",
                "--inception",
                wrong.toString(),
                "--data",
                folder.resolve("text.npz").toString());
    }
}
