package ddpm.image;

import ddpm.io.WholeFile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Pictures shown one after another for ever, as a GIF: a chain of images growing out of noise.
 *
 * @param frames at least one, all of one size and kind, grey or RGB; GIF keeps 256 colours of each
 * @param delay how long a frame is shown, 20 ms to 655.35 s in steps of 10 ms
 * @param hold how long the last frame is shown, in the same range
 */
public record Animation(List<Picture> frames, Duration delay, Duration hold) {
    private static final String FORMAT = "javax_imageio_gif_image_1.0";
    /** Viewers take anything shorter for a mistake and show it for 100 ms. */
    private static final long SHORTEST = 2;

    private static final long LONGEST = 65535;

    /** Checks frames and times. */
    public Animation {
        frames = List.copyOf(frames);
        if (frames.isEmpty()) {
            throw new IllegalArgumentException("an animation has at least one frame");
        }
        var first = frames.getFirst();
        if (first.channels() % 2 == 0) {
            throw new IllegalArgumentException(
                    "a GIF frame is grey or RGB (1 or 3 channels), without alpha; these have " + first.channels());
        }
        for (int i = 0; i < frames.size(); i++) {
            var frame = frames.get(i);
            if (frame.width() != first.width()
                    || frame.height() != first.height()
                    || frame.channels() != first.channels()) {
                throw new IllegalArgumentException("frame " + i + " is " + describe(frame) + " and frame 0 "
                        + describe(first) + "; all frames must be alike");
            }
        }
        if (first.width() > LONGEST || first.height() > LONGEST) {
            throw new IllegalArgumentException("a GIF is at most 65535 pixels wide and high, not " + describe(first));
        }
        hundredths(delay);
        hundredths(hold);
    }

    /**
     * Writes a GIF, whole or not at all.
     *
     * @param gif a name that ends in {@code .gif}
     * @throws IOException if writing fails; what was there before is untouched
     */
    public void write(Path gif) throws IOException {
        Picture.requireExtension(gif, ".gif");
        WholeFile.write(gif, encoded());
    }

    private byte[] encoded() throws IOException {
        var writer = ImageIO.getImageWritersByFormatName("gif").next();
        try {
            var bytes = new ByteArrayOutputStream();
            try (var out = new MemoryCacheImageOutputStream(bytes)) {
                writer.setOutput(out);
                writer.prepareWriteSequence(null);
                for (int i = 0; i < frames.size(); i++) {
                    var frame = frames.get(i);
                    var image = frame.channels() == 1 ? frame.toBufferedImage() : Palette.indexed(frame);
                    var type = ImageTypeSpecifier.createFromRenderedImage(image);
                    var metadata = metadata(writer, type, i == frames.size() - 1 ? hold : delay, i == 0);
                    writer.writeToSequence(new IIOImage(image, null, metadata), null);
                }
                writer.endWriteSequence();
            }
            return bytes.toByteArray();
        } finally {
            writer.dispose();
        }
    }

    private static IIOMetadata metadata(ImageWriter writer, ImageTypeSpecifier type, Duration shown, boolean first)
            throws IOException {
        var metadata = writer.getDefaultImageMetadata(type, null);
        var root = new IIOMetadataNode(FORMAT);
        var control = new IIOMetadataNode("GraphicControlExtension");
        control.setAttribute("disposalMethod", "none");
        control.setAttribute("userInputFlag", "FALSE");
        control.setAttribute("transparentColorFlag", "FALSE");
        control.setAttribute("delayTime", Long.toString(hundredths(shown)));
        control.setAttribute("transparentColorIndex", "0");
        root.appendChild(control);
        if (first) {
            var loop = new IIOMetadataNode("ApplicationExtension");
            loop.setAttribute("applicationID", "NETSCAPE");
            loop.setAttribute("authenticationCode", "2.0");
            loop.setUserObject(new byte[] {1, 0, 0}); // sub-block 1: repeat 0 times, which means for ever
            var extensions = new IIOMetadataNode("ApplicationExtensions");
            extensions.appendChild(loop);
            root.appendChild(extensions);
        }
        metadata.mergeTree(FORMAT, root);
        return metadata;
    }

    /** GIF's unit of time. */
    private static long hundredths(Duration shown) {
        long hundredths = shown.toSeconds() > LONGEST ? Long.MAX_VALUE : shown.toMillis() / 10;
        if (hundredths < SHORTEST || hundredths > LONGEST) {
            throw new IllegalArgumentException("a GIF shows a frame for 20 ms to 655.35 s, not " + shown);
        }
        return hundredths;
    }

    private static String describe(Picture picture) {
        return picture.width() + " x " + picture.height() + " with " + picture.channels() + " channels";
    }
}
