package ddpm.cli;

import ddpm.data.ImageSet;
import ddpm.data.ImageShape;
import ddpm.data.Split;
import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;
import ddpm.model.ModelCard;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The images that a model is measured on, and the seed of the noise in them. */
final class MeasuredImages {
    @Option(
            names = "--data",
            required = true,
            paramLabel = "DATA",
            converter = DataSpec.Converter.class,
            description = "Images: " + DataSpec.FORMS + " (default: :test).")
    private DataSpec data;

    @Option(
            names = "--seed",
            paramLabel = "N",
            converter = WholeNumber.Seed.class,
            defaultValue = "0",
            description = "Of the noise; models are compared at equal seed (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--skip-bad-files", description = "Leave out pictures that cannot be read, and name them.")
    private boolean skipBadFiles;

    Path path() {
        return data.path();
    }

    long seed() {
        return seed;
    }

    /**
     * Opens the images in the model's shape.
     *
     * @param count how many will be measured, or null for all
     */
    ImageSet open(CommandLine line, TensorFile file, ModelCard card, Integer count, Console console)
            throws IOException {
        var images = data.open(shape(file, card), Split.TEST, skipBadFiles, console);
        if (count != null && count > images.size()) {
            throw new ParameterException(
                    line,
                    "--count " + count + ": there are 1.." + images.size() + " images (" + images.describe() + ")");
        }
        return images;
    }

    /** The shape of pictures that a model can be given and whose noise it predicts. */
    static ImageShape shape(TensorFile file, ModelCard card) throws FileFormatException {
        int channels = card.network().inChannels();
        if (channels != 1 && channels != 3) {
            throw new FileFormatException(
                    file.path(), "is for images of " + channels + " channels; pictures are read as 1 or 3");
        }
        return new ImageShape(channels, card.height(), card.width());
    }
}
