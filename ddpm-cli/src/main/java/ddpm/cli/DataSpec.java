package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.data.Cifar10;
import ddpm.data.Crop;
import ddpm.data.FolderOptions;
import ddpm.data.ImageSet;
import ddpm.data.ImageSets;
import ddpm.data.ImageShape;
import ddpm.data.Mnist;
import ddpm.data.Split;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Images named on the command line: {@code PATH}, {@code PATH:train} or {@code PATH:test}.
 *
 * @param path a folder or an archive of pictures, or what holds the files of MNIST or CIFAR-10
 * @param split null if none was named
 */
record DataSpec(Path path, Split split) {
    /** The forms, for {@code --help}. */
    static final String FORMS =
            "a folder of pictures or a .zip, .tar or .tar.gz of one, or a folder that holds MNIST's or CIFAR-10's files, of"
                    + " which :train or :test behind it names a part";

    /** Reads one of the forms above. */
    static DataSpec parse(String text) {
        var path = text;
        Split split = null;
        for (var each : Split.values()) {
            if (text.endsWith(":" + each)) {
                split = each;
                path = text.substring(0, text.length() - each.toString().length() - 1);
            }
        }
        try {
            if (!path.isBlank()) {
                return new DataSpec(Path.of(path), split);
            }
        } catch (InvalidPathException e) {
            // said below
        }
        throw new IllegalArgumentException("'" + text + "' names no images; give " + FORMS);
    }

    /** Channels that the images have by nature: 1 for MNIST's kind, else 3. */
    int channels() {
        return !Cifar10.isIn(path) && isMnist() ? 1 : 3;
    }

    /** Whether the path can only be a folder or an archive of pictures, whose sizes are their own. */
    boolean isPictures() {
        return !Cifar10.isIn(path) && !isMnist();
    }

    private boolean isMnist() {
        return Mnist.isIn(path, Split.TRAIN) || Mnist.isIn(path, Split.TEST);
    }

    /**
     * Opens the images in a model's shape.
     *
     * @param whole the part that is meant where none was named
     * @param crop of pictures whose sizes are their own
     * @param skipBad whether pictures that cannot be read are left out, each with a note
     */
    ImageSet open(ImageShape shape, Split whole, Crop crop, boolean skipBad, Console console) throws IOException {
        var options = FolderOptions.of(shape).withCrop(crop);
        return ImageSets.open(
                path,
                split == null ? whole : split,
                skipBad ? options.skippingBadFiles(bad -> console.note("skipped: " + bad)) : options);
    }
}
