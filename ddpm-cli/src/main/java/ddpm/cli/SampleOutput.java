package ddpm.cli;

import ddpm.io.GridLayout;
import ddpm.io.Images;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Where samples go, batch by batch. */
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

    /** What to tell as the result. */
    Path result();

    /** All images in one picture, written at the end. */
    record Grid(Path file, int scale, Map<String, String> text, List<Images> batches) implements SampleOutput {
        Grid(Path file, int scale, Map<String, String> text) {
            this(file, scale, text, new ArrayList<>());
        }

        @Override
        public List<Path> accept(Images batch, long first) {
            batches.add(batch);
            return List.of();
        }

        @Override
        public List<Path> finish() throws IOException {
            var images = Images.joined(batches);
            images.grid(GridLayout.square(images.count())).enlarged(scale).write(file, text);
            return List.of(file);
        }

        @Override
        public Path result() {
            return file;
        }
    }

    /** One file per image, written as soon as its batch is done. */
    record Folder(Path folder, int scale, Map<String, String> text) implements SampleOutput {
        @Override
        public List<Path> accept(Images batch, long first) throws IOException {
            var files = new ArrayList<Path>();
            for (int i = 0; i < batch.count(); i++) {
                var file = folder.resolve(String.format(Locale.ROOT, "image-%06d.png", first + i));
                var remarks = new java.util.TreeMap<>(text);
                remarks.put("image", Long.toString(first + i));
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
