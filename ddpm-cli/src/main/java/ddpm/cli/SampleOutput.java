package ddpm.cli;

import ddpm.image.GridLayout;
import ddpm.image.Images;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** The place of samples, which takes them batch by batch. */
sealed interface SampleOutput {
    /**
     * Takes one batch, in the order of image indices.
     *
     * @param first the index of its first image
     * @return the files this completed
     */
    List<Path> accept(Images batch, long first) throws IOException;

    /** Writes what waits for the last batch; returns the files this completed. */
    List<Path> finish() throws IOException;

    /** The file or folder to print as the result. */
    Path result();

    /** All images in one picture, written at the end. */
    final class Grid implements SampleOutput {
        private final Path file;
        private final int scale;
        private final Map<String, String> text;
        private final ClassPlan classes;
        private final List<Images> batches = new ArrayList<>();
        private long first;

        Grid(Path file, int scale, Map<String, String> text, ClassPlan classes) {
            this.file = file;
            this.scale = scale;
            this.text = text;
            this.classes = classes;
        }

        @Override
        public List<Path> accept(Images batch, long firstOfBatch) {
            if (batches.isEmpty()) {
                first = firstOfBatch;
            }
            batches.add(batch);
            return List.of();
        }

        @Override
        public List<Path> finish() throws IOException {
            var images = Images.joined(batches);
            var remarks = new TreeMap<>(text);
            remarks.putAll(classes.remarks());
            remarks.put("images", first + ".." + (first + images.count() - 1));
            images.grid(GridLayout.square(images.count())).enlarged(scale).write(file, remarks);
            return List.of(file);
        }

        @Override
        public Path result() {
            return file;
        }
    }

    /** One file per image, written as soon as its batch is done. */
    record Folder(Path folder, int scale, Map<String, String> text, ClassPlan classes) implements SampleOutput {
        @Override
        public List<Path> accept(Images batch, long first) throws IOException {
            var files = new ArrayList<Path>();
            for (int i = 0; i < batch.count(); i++) {
                var file = folder.resolve(String.format(Locale.ROOT, "image-%06d.png", first + i));
                var remarks = new TreeMap<>(text);
                remarks.put("image", Long.toString(first + i));
                remarks.putAll(classes.remarks(first + i));
                batch.picture(i).enlarged(scale).write(file, remarks);
                files.add(file);
            }
            return files;
        }

        @Override
        public List<Path> finish() {
            return List.of();
        }

        @Override
        public Path result() {
            return folder;
        }
    }
}
