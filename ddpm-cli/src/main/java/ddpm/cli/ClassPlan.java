package ddpm.cli;

import ddpm.diffusion.Denoiser;
import ddpm.model.Classes;
import ddpm.model.Model;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The class of each image.
 *
 * @param classes the model's
 * @param cycle labels, which images take in turn by their index, so that an image's class depends on no batch; empty
 *     for images of no class
 * @param guidance the weight of classifier-free guidance; 1 is none
 */
record ClassPlan(Classes classes, List<Integer> cycle, double guidance) {
    /** The model conditioned on the classes of images {@code first..first+count-1}. */
    Denoiser conditioned(Model model, long first, int count) {
        return cycle.isEmpty()
                ? model
                : model.guided(
                        IntStream.range(0, count).map(i -> label(first + i)).toArray(), guidance);
    }

    /** The labels of images {@code first..first+count-1}; none where images have no class. */
    List<Integer> labels(long first, int count) {
        return cycle.isEmpty()
                ? List.of()
                : IntStream.range(0, count).mapToObj(i -> label(first + i)).toList();
    }

    private int label(long image) {
        return cycle.get((int) (image % cycle.size()));
    }

    /** The names that images take in turn. */
    List<String> names() {
        return cycle.stream().map(classes.names()::get).toList();
    }

    /** The remarks in a picture of one image. */
    Map<String, String> remarks(long image) {
        return cycle.isEmpty()
                ? Map.of()
                : Map.of("class", classes.names().get(label(image)), "guidance", Double.toString(guidance));
    }

    /** The remarks in a picture of several images. */
    Map<String, String> remarks() {
        return cycle.isEmpty()
                ? Map.of()
                : Map.of("classes", String.join(",", names()), "guidance", Double.toString(guidance));
    }

    /** For {@code --json}. */
    Map<String, Object> describe() {
        var json = new LinkedHashMap<String, Object>();
        if (!cycle.isEmpty()) {
            json.put("classes", names());
            json.put("guidance", guidance);
        }
        return json;
    }
}
