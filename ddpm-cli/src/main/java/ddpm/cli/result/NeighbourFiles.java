package ddpm.cli.result;

import ddpm.data.ImageSet;
import ddpm.eval.quality.NearestNeighbours;
import ddpm.eval.quality.NeighbourPlate;
import ddpm.io.WholeFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The nearest training images of samples, as a picture of the first ones and a table of all.
 *
 * @param samples the images that were searched for, of which the first {@code count} are listed
 * @param train the images that were searched through
 * @param spaces the search by the name of the space
 */
public record NeighbourFiles(ImageSet samples, int count, ImageSet train, Map<String, NearestNeighbours> spaces) {
    /** Neighbours of each sample. */
    public static final int NEIGHBOURS = 5;

    private static final int ROWS = 10;
    private static final int PIXELS = 700;

    /** Writes {@code neighbours.png} and {@code neighbours.csv}. */
    public void write(Path folder) throws IOException {
        NeighbourPlate.of(samples, Math.min(ROWS, count), train, List.copyOf(spaces.values()), NEIGHBOURS)
                .enlargedToAtLeast(PIXELS)
                .write(folder.resolve("neighbours.png"), Map.of("Software", "ddpm", "columns", titles()));
        WholeFile.write(folder.resolve("neighbours.csv"), csv().getBytes(StandardCharsets.UTF_8));
    }

    private String titles() {
        return "the sample; the nearest training images in " + String.join("; in ", spaces.keySet());
    }

    private String csv() {
        var csv = new StringBuilder("sample,space,rank,distance,image\n");
        spaces.forEach((space, search) -> {
            for (int i = 0; i < count; i++) {
                for (int rank = 0; rank < NEIGHBOURS && search.index(i, rank) >= 0; rank++) {
                    var name = train.name(search.index(i, rank)).replace("\"", "\"\"");
                    csv.append(String.format(
                            Locale.ROOT,
                            "%d,%s,%d,%.6g,\"%s\"\n",
                            i,
                            space.toLowerCase(Locale.ROOT),
                            rank + 1,
                            search.distance(i, rank),
                            name));
                }
            }
        });
        return csv.toString();
    }
}
