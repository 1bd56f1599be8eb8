package ddpm.cli;

import ddpm.data.ImageSet;
import ddpm.model.Classes;
import ddpm.model.ModelCard;
import ddpm.train.TrainConfig;
import java.io.IOException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Whether a model learns to draw each of its images' classes. */
final class TrainClasses {
    @Option(
            names = "--classes",
            paramLabel = "auto|N",
            converter = Number.class,
            description =
                    "Learn the images' classes, so that sample --class can ask for one: MNIST's and CIFAR-10's"
                            + " labels, or the sub-folders of a folder of pictures. N insists on so many; auto takes what there is.")
    private Integer count;

    @Option(
            names = "--drop-class",
            paramLabel = "P",
            description = "With --classes: the share of images whose class is left out, which sample --guidance needs;"
                    + " 0 for none (default: 0.1).")
    private Double drop;

    /** {@code auto} is 0. */
    static final class Number implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            try {
                return text.equals("auto") ? 0 : new WholeNumber.Count().convert(text);
            } catch (TypeConversionException e) {
                throw new TypeConversionException(e.getMessage() + ", nor auto");
            }
        }
    }

    /**
     * The model for the images' classes.
     *
     * @param data what {@code --data} named
     * @throws IllegalArgumentException if they are of another number, or the network cannot be told any
     * @throws IOException if the images have no classes
     */
    ModelCard card(ModelCard plain, ImageSet images, DataSpec data) throws IOException {
        if (count == null) {
            if (drop != null) {
                throw new IllegalArgumentException("--drop-class " + drop + ": only with --classes");
            }
            return plain;
        }
        var classes = new Classes(images.labels().classes(), drop == null || drop > 0);
        if (count != 0 && count != classes.count()) {
            throw new IllegalArgumentException("--classes " + count + ": the images of " + data.path() + " have "
                    + new Classes(classes.names(), false) + "; use --classes auto");
        }
        return plain.withClasses(classes);
    }

    /** @throws IllegalArgumentException if the share is out of range */
    TrainConfig config(TrainConfig config) {
        return drop == null ? config : config.withDropClass(drop);
    }
}
