package ddpm.data;

import java.io.IOException;
import java.nio.file.Path;

/** Opens whatever set of images a path holds. */
public final class ImageSets {
    private ImageSets() {}

    /**
     * Opens {@code path}, which may hold CIFAR-10 (batches or archive), MNIST (its files) or pictures, loose or in an
     * archive, recognised in that order.
     *
     * @param split which part of MNIST or CIFAR-10; pictures have no parts and are used whole
     * @param options the shape, which all sets take, and the rest, which concerns pictures
     * @throws DataException if nothing of these is there or it cannot be used; says why and what to do
     */
    public static ImageSet open(Path path, Split split, FolderOptions options) throws IOException {
        if (Cifar10.isIn(path)) {
            return Cifar10.open(path, split, options.shape());
        }
        if (Mnist.isIn(path, Split.TRAIN) || Mnist.isIn(path, Split.TEST)) {
            return Mnist.open(path, split, options.shape());
        }
        return ImageFolder.open(path, options);
    }
}
