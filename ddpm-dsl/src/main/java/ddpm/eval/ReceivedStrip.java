package ddpm.eval;

import ddpm.data.ImageSet;
import ddpm.diffusion.Denoiser;
import ddpm.image.GridLayout;
import ddpm.image.Images;
import ddpm.image.Pixel;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A picture of progressively coded images as they are received: a row per image, a column per point of the rate-distortion
 * curve, the image itself last.
 *
 * @param points of the curve, from the noisiest
 * @param model conditioned on the images' classes
 * @param images the first of which are shown
 * @param count how many of them were measured; at most {@value #MOST_IMAGES} are shown
 * @param meter that measured the curve
 */
public record ReceivedStrip(
        List<BitsPerDim.Point> points, Denoiser model, ImageSet images, int count, BitsPerDimMeter meter) {
    /** Rows at most. */
    public static final int MOST_IMAGES = 8;

    private static final int PIXELS = 512;

    /**
     * Writes the picture.
     *
     * @param bound by whose chain the images were coded
     * @param software named in the file
     */
    public void write(Path png, VariationalBound bound, String software) throws IOException {
        int rows = Math.min(MOST_IMAGES, count);
        int steps = bound.diffusion().steps();
        var columns = new ArrayList<Images>();
        try (var _ = TensorScope.open()) {
            for (var point : points) {
                int t = IntStream.range(0, steps)
                        .filter(i -> bound.diffusion().timestep(i) == point.timestep())
                        .findFirst()
                        .orElseThrow();
                var seen = meter.received(model, bound, images, rows, t);
                columns.add(Images.of(seen.toFloats(), seen.shape()));
            }
        }
        columns.add(originals(rows));
        Images.interleaved(columns)
                .grid(GridLayout.ofColumns(columns.size()))
                .enlargedToAtLeast(PIXELS)
                .write(png, Map.of("Software", software, "columns", titles()));
    }

    private Images originals(int rows) {
        int perImage = images.shape().bytes();
        var bytes = new byte[perImage];
        var values = new float[rows * perImage];
        for (int i = 0; i < rows; i++) {
            images.read(i, bytes, 0);
            Pixel.values(bytes, 0, values, i * perImage, perImage);
        }
        return Images.of(values, Shape.of(rows, images.channels(), images.height(), images.width()));
    }

    /** For who finds the picture alone. */
    private String titles() {
        return points.stream()
                .map(p -> String.format(
                        Locale.ROOT, "t=%d %.4f bits/dim RMSE %.2f", p.timestep(), p.rate(), p.distortion()))
                .collect(Collectors.joining("; ", "", "; the image"));
    }
}
