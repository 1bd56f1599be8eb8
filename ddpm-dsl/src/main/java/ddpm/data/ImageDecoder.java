package ddpm.data;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Decodes one image file from memory into upright 8-bit planes, or says why not. Thread-safe. */
final class ImageDecoder {
    /** Decoded image, its byte planes and a turned copy of them, at worst 16-bit RGBA: bytes per pixel at one time. */
    private static final int BYTES_PER_PIXEL = 14;

    /**
     * Megapixels in work at one time over all threads, so that decoding takes at most half of the heap: many threads on
     * photographs would otherwise run out of memory where one would not.
     */
    private static final int MEGAPIXELS_AT_ONCE =
            (int) Math.clamp(Runtime.getRuntime().maxMemory() / 2 / (BYTES_PER_PIXEL << 20), 1L, 1L << 20);

    private static final Semaphore MEGAPIXELS = new Semaphore(MEGAPIXELS_AT_ONCE, true);

    private final PixelConversion samples;
    private final long maxPixels;
    private final long heapBytes;

    ImageDecoder(Background background, long maxPixels) {
        this(background, maxPixels, Runtime.getRuntime().maxMemory());
    }

    ImageDecoder(Background background, long maxPixels, long heapBytes) {
        this.samples = new PixelConversion(background);
        this.maxPixels = maxPixels;
        this.heapBytes = heapBytes;
    }

    /** @throws BadImageException if the file is damaged, too large or of no known format; a reason without the path */
    Pixels decode(byte[] file) throws IOException {
        var container = ImageContainer.of(file);
        try (var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            ImageReader reader = reader(stream);
            try {
                return decode(reader, stream, container);
            } catch (BadImageException e) {
                throw e;
            } catch (IOException | RuntimeException e) {
                // ImageIO's readers meet damage with any kind of exception, not all of which have a message.
                throw new BadImageException(
                        "cannot be decoded: " + (e.getMessage() == null ? e.toString() : e.getMessage()), e);
            } finally {
                reader.dispose();
            }
        }
    }

    private static ImageReader reader(ImageInputStream stream) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReaders(stream);
        if (!readers.hasNext()) {
            throw new BadImageException("has a format that no ImageIO plug-in on the class path reads");
        }
        return readers.next();
    }

    private Pixels decode(ImageReader reader, ImageInputStream stream, ImageContainer container) throws IOException {
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        // Without metadata: unpacking text and profile chunks of unknown size is how a small PNG fills the memory.
        reader.setInput(stream, true, true);
        var canvas = container.canvas();
        int width = canvas == null ? reader.getWidth(0) : canvas.width();
        int height = canvas == null ? reader.getHeight(0) : canvas.height();
        int share = megapixels((long) height * width, height, width);
        MEGAPIXELS.acquireUninterruptibly(share);
        try {
            BufferedImage image = reader.read(0);
            for (String warning : warnings) {
                if (warning.toLowerCase(Locale.ROOT).contains("premature end")) {
                    throw new BadImageException("is damaged: " + warning);
                }
            }
            image = canvas == null ? image : onCanvas(image, canvas);
            image = container.iccp() == null ? image : ColourProfile.apply(container.iccp(), image);
            return container.orientation().upright(samples.of(image));
        } finally {
            MEGAPIXELS.release(share);
        }
    }

    private int megapixels(long pixels, int height, int width) throws IOException {
        String size = "is " + width + " pixels wide and " + height + " high";
        if (pixels > maxPixels) {
            throw new BadImageException(size + ", " + pixels + " pixels in all; the limit is " + maxPixels);
        }
        if (pixels * BYTES_PER_PIXEL > heapBytes) {
            throw new BadImageException(size + " and takes " + (pixels * BYTES_PER_PIXEL >> 20)
                    + " MiB to decode, more than Java may use ("
                    + (heapBytes >> 20)
                    + " MiB); raise -Xmx");
        }
        return (int) Math.min(MEGAPIXELS_AT_ONCE, 1 + (pixels >> 20));
    }

    /** A GIF's first frame where it stands on its screen; the rest of the screen is transparent. */
    private static BufferedImage onCanvas(BufferedImage frame, ImageContainer.Canvas canvas) {
        if (frame.getWidth() == canvas.width() && frame.getHeight() == canvas.height()) {
            return frame;
        }
        var screen = new BufferedImage(canvas.width(), canvas.height(), BufferedImage.TYPE_INT_ARGB);
        int[] row = new int[frame.getWidth()];
        for (int y = 0; y < frame.getHeight(); y++) {
            frame.getRGB(0, y, row.length, 1, row, 0, row.length);
            screen.setRGB(canvas.left(), canvas.top() + y, row.length, 1, row, 0, row.length);
        }
        return screen;
    }
}
