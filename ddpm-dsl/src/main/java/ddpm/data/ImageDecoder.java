package ddpm.data;

import static ddpm.text.Untrusted.quote;

import ddpm.data.format.BadImageException;
import ddpm.data.format.ColourProfile;
import ddpm.data.format.ImageContainer;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;

/**
 * Decodes one image file from memory into upright 8-bit planes, or says why not. Thread-safe.
 *
 * <p>ImageIO's readers are others' code on anyone's files, so what they may take is bounded from outside: pixels by the
 * file's length, memory by the heap, time by a limit. Whatever they throw, errors among it, is that file's fault alone.
 */
final class ImageDecoder {
    /** Decoded image, its byte planes and a turned copy of them, at worst 16-bit RGBA: bytes per pixel at one time. */
    private static final int BYTES_PER_PIXEL = 14;

    /** A blank picture of this many pixels may have any length; beyond it, each byte of a file stands for so many more. */
    private static final long FREE_PIXELS = 4 << 20;

    private static final long PIXELS_PER_BYTE = 1024; // deflate's largest ratio

    /** Far above what any sound file takes, on a machine that is busy besides. */
    private static final Duration TIME_LIMIT = Duration.ofSeconds(30);

    /**
     * Megapixels in work at one time over all threads, so that decoding takes at most half of the heap: many threads on
     * photographs would otherwise run out of memory where one would not.
     */
    private static final int MEGAPIXELS_AT_ONCE =
            (int) Math.clamp(Runtime.getRuntime().maxMemory() / 2 / (BYTES_PER_PIXEL << 20), 1L, 1L << 20);

    private static final Semaphore MEGAPIXELS = new Semaphore(MEGAPIXELS_AT_ONCE, true);

    private static final ExecutorService READERS = Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("image-reader-", 0).factory());

    private final PixelConversion conversion;
    private final long maxPixels;
    private final long heapBytes;
    private final Runnable onIgnored;
    private final Duration timeLimit;

    /** @param onIgnored called for each file whose metadata is broken and was not heeded; from any thread */
    ImageDecoder(Background background, long maxPixels, Runnable onIgnored) {
        this(background, maxPixels, onIgnored, Runtime.getRuntime().maxMemory() / 4 * 3, TIME_LIMIT);
    }

    ImageDecoder(Background background, long maxPixels, Runnable onIgnored, long heapBytes, Duration timeLimit) {
        this.conversion = new PixelConversion(background);
        this.maxPixels = maxPixels;
        this.onIgnored = onIgnored;
        this.heapBytes = heapBytes;
        this.timeLimit = timeLimit;
    }

    /** @throws BadImageException if the file is damaged, too large or of no known format; a reason without the path */
    Pixels decode(byte[] file) throws IOException {
        var container = ImageContainer.of(file);
        var input = new DecoderInput(container.pixels());
        var readers = ImageIO.getImageReaders(input);
        if (!readers.hasNext()) {
            throw new BadImageException("has a format that no ImageIO plug-in on the class path reads");
        }
        var reader = readers.next();
        reader.setInput(input, true, true);
        int share = limited(reader, input, () -> megapixels(reader, container, file.length));
        MEGAPIXELS.acquireUninterruptibly(share);
        try {
            return limited(reader, input, () -> pixels(reader, container));
        } finally {
            MEGAPIXELS.release(share);
        }
    }

    /** Runs a part of a decoder's work on a thread of its own, for as long as the time limit allows. */
    private <T> T limited(ImageReader reader, DecoderInput input, Callable<T> work) throws IOException {
        var running = READERS.submit(work);
        try {
            long perKilobyte = input.length() / 1000; // 1 ms
            return running.get(timeLimit.toMillis() + perKilobyte, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new BadImageException("is not decoded after " + timeLimit.toSeconds() + " s; write it again", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while an image was decoded");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof BadImageException bad ? bad : undecodable(e.getCause());
        } finally {
            if (!running.isDone()) { // it ends at its next look at the file or at this flag
                input.stop();
                reader.abort();
            }
        }
    }

    /** Readers meet damage with any kind of throwable, not all of which have a message. */
    private static BadImageException undecodable(Throwable thrown) {
        String reason = thrown.getMessage() == null ? thrown.getClass().getSimpleName() : thrown.getMessage();
        return thrown instanceof OutOfMemoryError
                ? new BadImageException("takes more memory to decode than Java may use; raise -Xmx", thrown)
                : new BadImageException("cannot be decoded: " + quote(reason), thrown);
    }

    private Pixels pixels(ImageReader reader, ImageContainer container) throws IOException {
        List<String> warnings = new ArrayList<>();
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        BufferedImage image = reader.read(0);
        reader.dispose();
        for (String warning : warnings) {
            if (warning.toLowerCase(Locale.ROOT).contains("premature end")) {
                throw new BadImageException("is damaged: " + quote(warning));
            }
        }
        var profiled = container.profile() == null ? null : ColourProfile.apply(container.profile(), image);
        if (container.broken() || profiled != null && profiled.isEmpty()) {
            onIgnored.run();
        }
        image = profiled == null ? image : profiled.orElse(image);
        image = container.canvas() == null ? image : onCanvas(image, container.canvas());
        return conversion.of(image).upright(container.orientation());
    }

    /** Permits of {@link #MEGAPIXELS} that decoding takes; refuses a picture that is too large. */
    private int megapixels(ImageReader reader, ImageContainer container, int fileBytes) throws IOException {
        var canvas = container.canvas();
        int width = Math.max(reader.getWidth(0), canvas == null ? 1 : canvas.width());
        int height = Math.max(reader.getHeight(0), canvas == null ? 1 : canvas.height());
        long pixels = (long) height * width;
        String size = "is " + width + " pixels wide and " + height + " high";
        if (pixels > maxPixels) {
            throw new BadImageException(size + ", " + pixels + " pixels in all; the limit is " + maxPixels);
        }
        if (pixels > FREE_PIXELS + fileBytes * PIXELS_PER_BYTE) {
            throw new BadImageException(size + " in a file of " + fileBytes + " bytes, so it is blank or a bomb; above "
                    + FREE_PIXELS + " pixels there must be a byte for every " + PIXELS_PER_BYTE);
        }
        if (pixels * BYTES_PER_PIXEL > heapBytes) {
            throw new BadImageException(size + " and takes " + (pixels * BYTES_PER_PIXEL >> 20)
                    + " MiB to decode, more than Java may use for it ("
                    + (heapBytes >> 20)
                    + " MiB); raise -Xmx");
        }
        return (int) Math.min(MEGAPIXELS_AT_ONCE, 1 + (pixels >> 20));
    }

    /** An animation's first frame where it stands on its screen; the rest of the screen is transparent. */
    private static BufferedImage onCanvas(BufferedImage frame, ImageContainer.Canvas canvas) throws IOException {
        if (frame.getWidth() == canvas.width() && frame.getHeight() == canvas.height()) {
            return frame;
        }
        if (canvas.left() + frame.getWidth() > canvas.width() || canvas.top() + frame.getHeight() > canvas.height()) {
            throw new BadImageException("is damaged: its first frame has another size than the file says");
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
