package ddpm.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageSetsTest {
    private static final FolderOptions OPTIONS = FolderOptions.of(ImageShape.square(3, 32));
    private static final Path RESOURCES = Path.of("src/test/resources");

    @TempDir
    Path folder;

    @Test
    void aPathIsOpenedAsWhatItHolds() throws Exception {
        var mnist = ImageSets.open(RESOURCES.resolve("mnist"), Split.TEST, OPTIONS);
        assertInstanceOf(Mnist.class, mnist);
        assertEquals("mnist test #3", mnist.name(3));
        assertEquals(OPTIONS.shape(), mnist.shape());
        assertInstanceOf(
                ImageFolder.class, ImageSets.open(RESOURCES.resolve("golden/pil/images"), Split.TRAIN, OPTIONS));
        var batches = new TreeMap<String, byte[]>();
        batches.put("test_batch.bin", new byte[3073]);
        Files.write(folder.resolve("cifar-10-binary.tar.gz"), Cifar10Test.archive(batches));
        assertInstanceOf(Cifar10.class, ImageSets.open(folder, Split.TEST, OPTIONS));
        assertInstanceOf(Cifar10.class, ImageSets.open(folder.resolve("cifar-10-binary.tar.gz"), Split.TEST, OPTIONS));
    }

    @Test
    void aSetWithoutTheAskedSplitIsRefusedAsThatSet() throws Exception {
        Files.copy(RESOURCES.resolve("mnist/train-images-idx3-ubyte.gz"), folder.resolve("train-images-idx3-ubyte.gz"));
        var error = assertThrows(DataException.class, () -> ImageSets.open(folder, Split.TEST, OPTIONS));
        assertTrue(error.getMessage().contains("no MNIST test images"), error.getMessage());
    }

    @Test
    void aFileOrNothingIsRefusedWithWhatToGive() throws Exception {
        Files.writeString(folder.resolve("notes.txt"), "");
        var error = assertThrows(
                DataException.class, () -> ImageSets.open(folder.resolve("notes.txt"), Split.TRAIN, OPTIONS));
        assertTrue(
                error.getMessage().contains("is a file, and no .zip, .tar or .tar.gz archive; give a folder"),
                error.getMessage());
        error = assertThrows(DataException.class, () -> ImageSets.open(folder.resolve("gone"), Split.TRAIN, OPTIONS));
        assertTrue(error.getMessage().contains("does not exist"), error.getMessage());
        error = assertThrows(DataException.class, () -> ImageSets.open(folder, Split.TRAIN, OPTIONS));
        assertTrue(error.getMessage().contains("0 images"), error.getMessage());
    }
}
