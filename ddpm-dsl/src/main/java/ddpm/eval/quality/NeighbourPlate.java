package ddpm.eval.quality;

import ddpm.data.ImageSet;
import ddpm.image.GridLayout;
import ddpm.image.Images;
import ddpm.image.Picture;
import ddpm.image.Pixel;
import ddpm.torch.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A picture of samples beside their nearest training images, as Fig. 12 and 15 of Ho et al. 2020: a row per sample, which stands
 * first, then its neighbours in each space from the nearest on, an empty column before each.
 */
public final class NeighbourPlate {
    private NeighbourPlate() {}

    /**
     * Draws the picture.
     *
     * @param rows images {@code 0..rows-1} of the samples are shown
     * @param spaces the search in each space, of at least {@code rows} samples
     * @param columns neighbours shown in each space
     */
    public static Picture of(ImageSet samples, int rows, ImageSet train, List<NearestNeighbours> spaces, int columns) {
        var white = new float[samples.shape().bytes()];
        Arrays.fill(white, 1);
        var images = new ArrayList<float[]>();
        for (int row = 0; row < rows; row++) {
            images.add(values(samples, row));
            for (var space : spaces) {
                images.add(white);
                for (int rank = 0; rank < columns; rank++) {
                    int index = space.index(row, rank);
                    images.add(index < 0 ? white : values(train, index));
                }
            }
        }
        return picture(images, samples, 1 + spaces.size() * (1 + columns));
    }

    private static float[] values(ImageSet set, int index) {
        var levels = new byte[set.shape().bytes()];
        var values = new float[levels.length];
        set.read(index, levels, 0);
        Pixel.values(levels, 0, values, 0, levels.length);
        return values;
    }

    private static Picture picture(List<float[]> images, ImageSet of, int columns) {
        int each = of.shape().bytes();
        var all = new float[images.size() * each];
        for (int i = 0; i < images.size(); i++) {
            System.arraycopy(images.get(i), 0, all, i * each, each);
        }
        return Images.of(all, Shape.of(images.size(), of.channels(), of.height(), of.width()))
                .grid(GridLayout.ofColumns(columns));
    }
}
