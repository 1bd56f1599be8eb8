package ddpm.data;

import java.util.Objects;
import java.util.function.Consumer;

/**
 * How a folder of pictures becomes a set of images.
 *
 * @param shape what the model takes; pictures are resized to cover it and cropped to it
 * @param crop which part of a picture that covers more than the shape is used
 * @param background what shows through transparent pixels
 * @param badFiles whether one bad file refuses the folder
 * @param onBadFile called for every file that is skipped, in the folder's order, on the thread that opens the folder
 * @param memoryBudget bytes of decoded images to hold, at least 0; images beyond it are decoded again on every read
 * @param maxPixels pixels (width times height) above which a file is bad, at least 1; checked before decoding
 */
public record FolderOptions(
        ImageShape shape,
        Crop crop,
        Background background,
        BadFiles badFiles,
        Consumer<BadFile> onBadFile,
        long memoryBudget,
        long maxPixels) {
    /** 64 megapixels: above any camera's usual picture, below what fills a heap. */
    public static final long DEFAULT_MAX_PIXELS = 64L << 20;

    /** @throws IllegalArgumentException for a negative budget or a limit below 1 */
    public FolderOptions {
        Objects.requireNonNull(shape, "shape");
        Objects.requireNonNull(crop, "crop");
        Objects.requireNonNull(background, "background");
        Objects.requireNonNull(badFiles, "badFiles");
        Objects.requireNonNull(onBadFile, "onBadFile");
        if (memoryBudget < 0) {
            throw new IllegalArgumentException("the memory budget is 0 bytes or more, not " + memoryBudget);
        }
        if (maxPixels < 1) {
            throw new IllegalArgumentException("the limit of pixels is 1 or more, not " + maxPixels);
        }
    }

    /** Centre crops on white, bad files refused, up to a quarter of Java's heap, files up to 64 megapixels. */
    public static FolderOptions of(ImageShape shape) {
        return new FolderOptions(
                shape,
                Crop.CENTRE,
                Background.WHITE,
                BadFiles.FAIL,
                bad -> {},
                Runtime.getRuntime().maxMemory() / 4,
                DEFAULT_MAX_PIXELS);
    }

    public FolderOptions withCrop(Crop newCrop) {
        return new FolderOptions(shape, newCrop, background, badFiles, onBadFile, memoryBudget, maxPixels);
    }

    /** Leaves bad files out and tells {@code report} of each. */
    public FolderOptions skippingBadFiles(Consumer<BadFile> report) {
        return new FolderOptions(shape, crop, background, BadFiles.SKIP, report, memoryBudget, maxPixels);
    }

    public FolderOptions withMemoryBudget(long bytes) {
        return new FolderOptions(shape, crop, background, badFiles, onBadFile, bytes, maxPixels);
    }

    public FolderOptions withMaxPixels(long pixels) {
        return new FolderOptions(shape, crop, background, badFiles, onBadFile, memoryBudget, pixels);
    }
}
