package ddpm.data;

import ddpm.data.format.BadImageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/**
 * All pictures below a folder, or in an archive of one, as an image viewer shows them: any colour type and depth, upright, on a background where
 * they are transparent; resized so that they cover the model's shape (antialiased bilinear, as torchvision's
 * {@code Resize}) and cropped to it.
 *
 * <p>Every file is decoded once when the folder is opened, so that a bad one is known before training starts. Decoded
 * images are held up to a budget of memory; those beyond it, always the same ones, are decoded again on each read. In
 * an order that visits every image once per round, which images are held makes no difference to how often that is, so
 * nothing is ever evicted.
 */
public final class ImageFolder implements ImageSet {
    private static final int NAMED_BAD_FILES = 20;

    private final PictureListing listing;
    private final FolderOptions options;
    private final ImageDecoder decoder;
    private final List<Entry> entries;
    private final Findings findings;
    private final String fingerprint;

    /** An image by its relative name, the checksum of its file, and its pixels if they are held (else null). */
    private record Entry(String name, int checksum, Pixels held) {}

    /**
     * All that reading a folder brought to light.
     *
     * @param files how many image files there are
     * @param bad those that cannot be used, in the folder's order
     * @param ignored how many images are used without their metadata (colour profile, EXIF), which is broken
     * @param leftOut how many files are not looked at, by extension
     * @param folders the folder's own sub-folders
     */
    public record Findings(
            int files, List<BadFile> bad, int ignored, Map<String, Integer> leftOut, List<String> folders) {
        /** Remarks for people, one for each kind of file that is not used as it is; none if all are. */
        public List<String> remarks() {
            List<String> remarks = new ArrayList<>();
            if (ignored > 0) {
                remarks.add("broken metadata of " + ignored + " image" + (ignored == 1 ? "" : "s") + " not heeded");
            }
            if (!leftOut.isEmpty()) {
                remarks.add(PictureListing.describe(leftOut) + " left out");
            }
            return remarks;
        }
    }

    private ImageFolder(
            PictureListing listing,
            FolderOptions options,
            ImageDecoder decoder,
            List<Entry> entries,
            Findings findings) {
        this.listing = listing;
        this.options = options;
        this.decoder = decoder;
        this.entries = entries;
        this.findings = findings;
        var print = new Fingerprint(options.shape(), entries.size());
        print.add(options.crop() + " on " + options.background());
        for (Entry entry : entries) {
            print.add(entry.name()).add(Integer.toHexString(entry.checksum()));
        }
        this.fingerprint = print.hex();
    }

    /**
     * Reads every image file below {@code folder}: {@code .png .jpg .jpeg .jfif .bmp .gif .webp .tif .tiff} in small letters
     * or capitals, sorted by relative path, hidden files left out. Of animations the first frame is taken, of TIFF files
     * the first page; WebP files must be lossless.
     *
     * <p>A .zip, .tar or .tar.gz file counts as what was packed into it, and one with nothing but a folder in it as that
     * folder; links are not followed there. Its pictures are read from where they lie, those of a .tar.gz from a temporary file.
     *
     * @throws DataException if there are no images, or bad files that {@code options} do not allow; names them
     */
    public static ImageFolder open(Path folder, FolderOptions options) throws IOException {
        var listing = PictureListing.of(folder).requireImages();
        var ignored = new AtomicInteger();
        var decoder = new ImageDecoder(options.background(), options.maxPixels(), ignored::incrementAndGet);
        var budget = new AtomicLong(options.memoryBudget());
        List<FolderScan.Outcome<Entry>> outcomes = FolderScan.run(listing, (index, content) -> {
            Pixels pixels = fit(decoder.decode(content.bytes()), options);
            boolean held = reserve(budget, pixels.data().length);
            return new Entry(listing.names().get(index), content.checksum(), held ? pixels : null);
        });
        List<BadFile> bad = bad(outcomes);
        List<Entry> entries = outcomes.stream()
                .map(FolderScan.Outcome::value)
                .filter(Objects::nonNull)
                .toList();
        if (!bad.isEmpty() && (options.badFiles() == BadFiles.FAIL || entries.isEmpty())) {
            throw refusal(folder, outcomes.size(), bad);
        }
        bad.forEach(options.onBadFile());
        return new ImageFolder(listing, options, decoder, entries, findings(listing, bad, ignored));
    }

    /**
     * One picture as training would see it: decoded, in the options' channels, resized and cropped to their shape.
     *
     * @return {@code [C, H, W]} unsigned bytes
     * @throws DataException if the file cannot be used; names it
     */
    public static byte[] read(Path file, FolderOptions options) throws IOException {
        try {
            var decoder = new ImageDecoder(options.background(), options.maxPixels(), () -> {});
            return fit(decoder.decode(FolderScan.bytes(file)), options)
                    .centreCrop(options.shape().height(), options.shape().width())
                    .data();
        } catch (BadImageException e) {
            throw new DataException(file + " " + e.getMessage());
        }
    }

    /**
     * The height and width of one picture, as a viewer shows it.
     *
     * @param channels of the shape that is returned
     * @throws DataException if the file cannot be used or has a side above {@value ImageShape#MAX_SIDE}; names it
     */
    public static ImageShape shapeOf(Path file, int channels) throws IOException {
        try {
            var decoder = new ImageDecoder(Background.WHITE, FolderOptions.DEFAULT_MAX_PIXELS, () -> {});
            var pixels = decoder.decode(FolderScan.bytes(file));
            return new ImageShape(channels, pixels.height(), pixels.width());
        } catch (BadImageException e) {
            throw new DataException(file + " " + e.getMessage());
        } catch (IllegalArgumentException e) {
            throw new DataException(file + ": " + e.getMessage());
        }
    }

    /** Decodes every image file below {@code folder}, keeping none, and lists the bad ones; empty folders are refused. */
    public static Findings verify(Path folder) throws IOException {
        var listing = PictureListing.of(folder).requireImages();
        var ignored = new AtomicInteger();
        var decoder = new ImageDecoder(Background.WHITE, FolderOptions.DEFAULT_MAX_PIXELS, ignored::incrementAndGet);
        List<FolderScan.Outcome<Boolean>> outcomes = FolderScan.run(listing, (index, content) -> {
            decoder.decode(content.bytes());
            return true;
        });
        return findings(listing, bad(outcomes), ignored);
    }

    /**
     * The height and width that all pictures below {@code folder} have, as a viewer shows them.
     *
     * @param channels of the shape that is returned
     * @throws DataException if two have different ones, naming both, or files are bad
     */
    public static ImageShape commonShape(Path folder, int channels) throws IOException {
        var listing = PictureListing.of(folder).requireImages();
        var decoder = new ImageDecoder(Background.WHITE, FolderOptions.DEFAULT_MAX_PIXELS, () -> {});
        var outcomes = FolderScan.run(listing, (_, content) -> {
            var pixels = decoder.decode(content.bytes());
            return new ImageShape(channels, pixels.height(), pixels.width());
        });
        var bad = bad(outcomes);
        if (!bad.isEmpty()) {
            throw refusal(folder, outcomes.size(), bad);
        }
        var first = outcomes.getFirst().value();
        for (int i = 1; i < outcomes.size(); i++) {
            var other = outcomes.get(i).value();
            if (!other.equals(first)) {
                throw new DataException(folder + ": " + listing.names().getFirst() + " is " + first.height() + " x "
                        + first.width() + " and " + listing.names().get(i) + " is " + other.height() + " x "
                        + other.width() + " pixels; say to which size all are to be brought");
            }
        }
        return first;
    }

    private static Findings findings(PictureListing listing, List<BadFile> bad, AtomicInteger ignored) {
        return new Findings(listing.names().size(), bad, ignored.get(), listing.leftOut(), listing.folders());
    }

    private static <T> List<BadFile> bad(List<FolderScan.Outcome<T>> outcomes) {
        List<BadFile> bad = new ArrayList<>();
        for (FolderScan.Outcome<T> outcome : outcomes) {
            if (outcome.bad() != null) {
                bad.add(outcome.bad());
            }
        }
        return List.copyOf(bad);
    }

    private static DataException refusal(Path folder, int files, List<BadFile> bad) {
        String named =
                bad.stream().limit(NAMED_BAD_FILES).map(file -> "\n  " + file).collect(Collectors.joining());
        String more = bad.size() > NAMED_BAD_FILES ? "\n  and " + (bad.size() - NAMED_BAD_FILES) + " more" : "";
        String advice = bad.size() == files ? "no image is left" : "repair or remove them, or choose to skip bad files";
        return new DataException(
                folder + ": " + bad.size() + " of " + files + " images cannot be used; " + advice + named + more);
    }

    /** Covering the shape and, unless crops are drawn later, cropped to its middle. */
    private static Pixels fit(Pixels decoded, FolderOptions options) throws IOException {
        ImageShape shape = options.shape();
        Pixels whole = decoded.toChannels(shape.channels());
        Pixels covering = whole.cover(shape.height(), shape.width(), options.maxPixels());
        return options.crop() == Crop.RANDOM ? covering : covering.centreCrop(shape.height(), shape.width());
    }

    private static boolean reserve(AtomicLong budget, int bytes) {
        return budget.getAndUpdate(left -> left >= bytes ? left - bytes : left) >= bytes;
    }

    @Override
    public int size() {
        return entries.size();
    }

    @Override
    public ImageShape shape() {
        return options.shape();
    }

    @Override
    public void read(int index, byte[] target, int offset) {
        Pixels pixels = pixels(index, target, offset);
        int top = Pixels.middle(pixels.height() - height());
        int left = Pixels.middle(pixels.width() - width());
        pixels.copyWindow(top, left, height(), width(), target, offset);
    }

    @Override
    public void read(int index, View view, byte[] target, int offset) {
        Pixels pixels = pixels(index, target, offset);
        int top = View.offset(view.cropTop(), pixels.height() - height());
        int left = View.offset(view.cropLeft(), pixels.width() - width());
        pixels.copyWindow(top, left, height(), width(), target, offset);
        if (view.flip()) {
            Pixels.flip(target, offset, channels() * height(), width());
        }
    }

    private Pixels pixels(int index, byte[] target, int offset) {
        Entry entry = entries.get(index);
        Objects.checkFromIndexSize(offset, shape().bytes(), target.length);
        if (entry.held() != null) {
            return entry.held();
        }
        try {
            var content = FolderScan.read(listing, entry.name());
            if (content.checksum() != entry.checksum()) {
                throw new BadImageException("has changed since the folder was opened");
            }
            return fit(decoder.decode(content.bytes()), options);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    new DataException(listing.path(entry.name()) + " " + FolderScan.reason(e), e));
        }
    }

    /** How many bad files were left out. */
    public int skipped() {
        return findings.bad().size();
    }

    /** How many images are held in memory; the others are decoded on each read. */
    public int held() {
        return (int) entries.stream().filter(entry -> entry.held() != null).count();
    }

    /** Whether any picture lies in a sub-folder. */
    @Override
    public boolean hasLabels() {
        return entries.stream().anyMatch(entry -> entry.name().indexOf('/') >= 0);
    }

    /**
     * The folder's own sub-folders are the classes, in the order of their names (by code points, as torchvision's
     * {@code ImageFolder} has them); what lies deeper belongs to the outermost one.
     *
     * @throws DataException naming the first picture that lies in no sub-folder, or a sub-folder without usable pictures
     */
    @Override
    public Labels labels() throws DataException {
        for (Entry entry : entries) {
            if (entry.name().indexOf('/') < 0) {
                throw new DataException(listing.path(entry.name())
                        + " has no class: the name of its sub-folder is its class, and it lies in none; move it");
            }
        }
        List<String> classes = entries.stream()
                .map(ImageFolder::subfolder)
                .distinct()
                .sorted(PictureListing.BY_CODE_POINTS)
                .toList();
        for (String folder : findings.folders()) {
            if (!classes.contains(folder)) {
                throw new DataException(listing.path(folder) + " is a class without usable pictures"
                        + findings.remarks().stream()
                                .map(remark -> ", " + remark)
                                .collect(Collectors.joining())
                        + "; put pictures there or remove it");
            }
        }
        Map<String, Integer> numbers = new HashMap<>();
        classes.forEach(name -> numbers.put(name, numbers.size()));
        return new Labels(
                classes,
                entries.stream()
                        .mapToInt(entry -> numbers.get(subfolder(entry)))
                        .toArray());
    }

    private static String subfolder(Entry entry) {
        return entry.name().substring(0, entry.name().indexOf('/'));
    }

    /** The image's file. */
    @Override
    public String name(int index) {
        return listing.path(entries.get(index).name()).toString();
    }

    @Override
    public String describe() {
        return size() + " images of " + shape() + " from "
                + (Files.isDirectory(listing.root()) ? "folder " : "archive ") + listing.root()
                + (skipped() == 0 ? "" : ", " + skipped() + " bad files left out")
                + findings.remarks().stream().map(remark -> ", " + remark).collect(Collectors.joining())
                + (held() == size() ? "" : ", " + (size() - held()) + " of them decoded on each read");
    }

    @Override
    public String fingerprint() {
        return fingerprint;
    }
}
