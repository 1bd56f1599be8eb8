package ddpm.model;

import ddpm.data.DataException;
import ddpm.data.ImageSet;
import ddpm.diffusion.Denoiser;
import java.util.Arrays;
import java.util.function.Consumer;

/** What a conditional model is to be told of images whose classes are known. */
public final class TrueClasses {
    private TrueClasses() {}

    /**
     * The model's labels of all images of a set, in its order; none for a model that is told no classes.
     *
     * @throws DataException if the model is told classes, and the images have no labels
     * @throws IllegalArgumentException if the images have a class that is none of the model's
     */
    public static int[] labels(Classes classes, ImageSet images) throws DataException {
        if (classes.isEmpty()) {
            return new int[0];
        }
        var labels = images.labels();
        var numbers = classes.labelsOf(labels.classes());
        var all = new int[labels.size()];
        Arrays.setAll(all, image -> numbers[labels.at(image)]);
        return all;
    }

    /**
     * The same; but none, which a model with a class for none takes for that, where no image has a label.
     *
     * @param notes hears of it
     */
    public static int[] labelsOrNone(Classes classes, ImageSet images, Consumer<String> notes) throws DataException {
        if (images.hasLabels() || !classes.nullClass()) {
            return labels(classes, images);
        }
        notes.accept("the model is told no class, for these images have no labels");
        return new int[0];
    }

    /** The model as one whose image {@code i} is told to be of class {@code labels[i]}; itself if there are none. */
    public static Denoiser told(Model model, int[] labels) {
        return labels.length == 0 ? model : model.conditioned(labels);
    }
}
