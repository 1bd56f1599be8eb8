package ddpm.cli;

import ddpm.cli.result.BoundReport;
import ddpm.eval.BitsPerDim;
import ddpm.eval.BitsPerDimMeter;
import ddpm.eval.VariationalBound;
import ddpm.image.GridLayout;
import ddpm.image.Images;
import ddpm.image.Pixel;
import ddpm.model.Model;
import ddpm.torch.Shape;
import ddpm.torch.TensorScope;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A picture of progressively coded images as they are received: a row per image, a column per point of the rate-distortion
 * curve, the image itself last.
 *
 * @param points of the curve, from the noisiest
 * @param meter that measured it
 */
record ReceivedStrip(List<BitsPerDim.Point> points, Measured.Subject subject, BitsPerDimMeter meter) {
    /** Rows at most. */
    static final int MOST_IMAGES = 8;

    private static final int PIXELS = 512;

    void write(Path png, Model model, VariationalBound bound) throws IOException {
        int rows = Math.min(MOST_IMAGES, subject.count());
        int steps = bound.diffusion().steps();
        var columns = new ArrayList<Images>();
        try (var _ = TensorScope.open()) {
            for (var point : points) {
                int t = IntStream.range(0, steps)
                        .filter(i -> bound.diffusion().timestep(i) == point.timestep())
                        .findFirst()
                        .orElseThrow();
                var seen = meter.received(subject.conditioned(model), bound, subject.images(), rows, t);
                columns.add(Images.of(seen.toFloats(), seen.shape()));
            }
        }
        columns.add(originals(rows));
        Images.interleaved(columns)
                .grid(GridLayout.ofColumns(columns.size()))
                .enlargedToAtLeast(PIXELS)
                .write(png, Map.of("Software", Main.Version.program(), "columns", titles()));
    }

    private Images originals(int count) {
        var data = subject.images();
        int perImage = data.shape().bytes();
        var bytes = new byte[perImage];
        var values = new float[count * perImage];
        for (int i = 0; i < count; i++) {
            data.read(i, bytes, 0);
            Pixel.values(bytes, 0, values, i * perImage, perImage);
        }
        return Images.of(values, Shape.of(count, data.channels(), data.height(), data.width()));
    }

    /** For who finds the picture alone. */
    private String titles() {
        return points.stream()
                .map(p -> BoundReport.text("t=%d %.4f bits/dim RMSE %.2f", p.timestep(), p.rate(), p.distortion()))
                .collect(Collectors.joining("; ", "", "; the image"));
    }
}
