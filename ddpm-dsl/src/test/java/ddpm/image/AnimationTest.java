package ddpm.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import javax.imageio.metadata.IIOMetadataNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AnimationTest {
    private static final Duration DELAY = Duration.ofMillis(120);
    private static final Duration HOLD = Duration.ofSeconds(2);

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void framesTimesAndTheEndlessLoopAreReadBackFromTheGif(int channels) throws IOException {
        var shape = Shape.of(4, channels, 5, 6);
        var frames = frames(shape);
        var gif = folder.resolve("chain.gif");
        new Animation(frames, DELAY, HOLD).write(gif);
        var reader = ImageIO.getImageReadersByFormatName("gif").next();
        try (var in = ImageIO.createImageInputStream(gif.toFile())) {
            reader.setInput(in);
            assertEquals(4, reader.getNumImages(true));
            for (int i = 0; i < 4; i++) {
                var read = reader.read(i);
                var expected = frames.get(i).toBufferedImage();
                for (int y = 0; y < 5; y++) {
                    for (int x = 0; x < 6; x++) {
                        // 30 colours at most, so the palette holds them all.
                        for (int c = 0; c < 3; c++) {
                            int level = frames.get(i).level(x, y, channels == 1 ? 0 : c);
                            assertEquals(level, read.getRGB(x, y) >> 16 - 8 * c & 255, "frame " + i);
                        }
                    }
                }
                assertEquals(expected.getWidth(), read.getWidth());
                var root = (IIOMetadataNode) reader.getImageMetadata(i).getAsTree("javax_imageio_gif_image_1.0");
                var control = (IIOMetadataNode)
                        root.getElementsByTagName("GraphicControlExtension").item(0);
                assertEquals(i == 3 ? "200" : "12", control.getAttribute("delayTime"));
                var loops = root.getElementsByTagName("ApplicationExtension");
                assertEquals(i == 0 ? 1 : 0, loops.getLength());
                if (i == 0) {
                    var loop = (IIOMetadataNode) loops.item(0);
                    assertEquals("NETSCAPE", loop.getAttribute("applicationID"));
                    assertArrayEquals(new byte[] {1, 0, 0}, (byte[]) loop.getUserObject());
                }
            }
        } finally {
            reader.dispose();
        }
    }

    @Test
    void aFrameOfManyColoursIsShownWithinAFewLevels() throws IOException {
        int side = 64;
        var values = new float[3 * side * side];
        for (int i = 0; i < side * side; i++) {
            values[i] = Pixel.value(i % side * 4);
            values[side * side + i] = Pixel.value(i / side * 4);
            values[2 * side * side + i] = Pixel.value((i % side + i / side) * 2);
        }
        var picture = Images.of(values, Shape.of(1, 3, side, side)).picture(0);
        var gif = folder.resolve("smooth.gif");
        new Animation(List.of(picture), DELAY, HOLD).write(gif);
        var read = ImageIO.read(gif.toFile());
        double squares = 0;
        for (int y = 0; y < side; y++) {
            for (int x = 0; x < side; x++) {
                for (int c = 0; c < 3; c++) {
                    double off = picture.level(x, y, c) - (read.getRGB(x, y) >> 16 - 8 * c & 255);
                    squares += off * off / values.length;
                }
            }
        }
        // 4096 colours on a plane in 256 cells of 4 x 4: about 4.1 levels of error are in the nature of it.
        assertEquals(0, Math.sqrt(squares), 5);
    }

    @Test
    void framesThatDifferAreRefused() {
        var small = frames(Shape.of(1, 3, 5, 6));
        var large = frames(Shape.of(1, 3, 6, 5));
        var refusal = assertThrows(
                IllegalArgumentException.class,
                () -> new Animation(List.of(small.getFirst(), large.getFirst()), DELAY, HOLD));
        assertEquals(
                "frame 1 is 5 x 6 with 3 channels and frame 0 6 x 5 with 3 channels; all frames must be alike",
                refusal.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new Animation(List.of(), DELAY, HOLD));
        assertThrows(IllegalArgumentException.class, () -> new Animation(frames(Shape.of(1, 4, 2, 2)), DELAY, HOLD));
    }

    @ParameterizedTest
    @ValueSource(strings = {"PT0S", "PT0.019S", "PT-1S", "PT655.36S", "PT2562047788015215H"})
    void timesThatGifCannotHoldAreRefused(String time) {
        var frames = frames(Shape.of(1, 1, 2, 2));
        var refusal =
                assertThrows(IllegalArgumentException.class, () -> new Animation(frames, DELAY, Duration.parse(time)));
        assertEquals("a GIF shows a frame for 20 ms to 655.35 s, not " + Duration.parse(time), refusal.getMessage());
        assertThrows(IllegalArgumentException.class, () -> new Animation(frames, Duration.parse(time), HOLD));
    }

    @Test
    void anotherExtensionIsRefused() {
        var animation = new Animation(frames(Shape.of(1, 1, 2, 2)), DELAY, HOLD);
        assertThrows(IllegalArgumentException.class, () -> animation.write(folder.resolve("chain.png")));
    }

    private static List<Picture> frames(Shape shape) {
        var images = Images.of(ImagesTest.ramp(shape), shape);
        return IntStream.range(0, images.count()).mapToObj(images::picture).toList();
    }
}
