package ddpm.cli;

import ddpm.image.GridLayout;
import ddpm.image.Images;
import ddpm.io.NpzFile;
import ddpm.io.StoredTensor;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;

/** The place of samples, which takes them batch by batch. */
sealed interface SampleOutput extends Closeable {
    /**
     * Takes one batch, in the order of image indices.
     *
     * @param first the index of its first image
     * @return the files this completed
     */
    List<Path> accept(Images batch, long first) throws IOException;

    /** Whether the files of all these images are there from an earlier run. */
    default boolean has(long first, int images) {
        return false;
    }

    /** Writes what waits for the last batch; returns the files this completed. */
    List<Path> finish() throws IOException;

    /** The file or folder to print as the result. */
    Path result();

    /** Lets go of what an unfinished run left. */
    @Override
    default void close() throws IOException {}

    /**
     * All images as one array of NumPy's, {@code arr_0 [N, H, W, C]}, with their classes as {@code arr_1 [N]}, as
     * guided-diffusion's evaluator reads them.
     */
    final class Npz implements SampleOutput {
        private final Path file;
        private final ClassPlan classes;
        private final NpzFile.Growing array;
        private final List<Integer> labels = new ArrayList<>();

        Npz(Path file, Shape images, ClassPlan classes) throws IOException {
            this.file = file;
            this.classes = classes;
            this.array =
                    new NpzFile.Growing(file, Shape.of(images.size(0), images.size(2), images.size(3), images.size(1)));
        }

        @Override
        public List<Path> accept(Images batch, long first) throws IOException {
            array.add(batch.levels());
            labels.addAll(classes.labels(first, batch.count()));
            return List.of();
        }

        @Override
        public List<Path> finish() throws IOException {
            array.finish(labels.isEmpty() ? Map.of() : Map.of("arr_1", stored(labels)));
            return List.of(file);
        }

        private static StoredTensor stored(List<Integer> labels) {
            var bytes = ByteBuffer.allocate(labels.size() * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            labels.forEach(bytes::putLong);
            return new StoredTensor(DType.INT64, Shape.of(labels.size()), bytes.flip());
        }

        @Override
        public Path result() {
            return file;
        }

        @Override
        public void close() throws IOException {
            array.close();
        }
    }

    /** All images in memory. */
    final class Memory implements SampleOutput {
        private final ByteArrayOutputStream levels = new ByteArrayOutputStream();

        @Override
        public List<Path> accept(Images batch, long first) {
            levels.writeBytes(batch.levels());
            return List.of();
        }

        @Override
        public List<Path> finish() {
            return List.of();
        }

        @Override
        public Path result() {
            throw new IllegalStateException("images in memory lie in no file");
        }

        /** All of them, {@code [N, H, W, C]}. */
        byte[] levels() {
            return levels.toByteArray();
        }
    }

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
                var file = file(first + i);
                var remarks = new TreeMap<>(text);
                remarks.put("image", Long.toString(first + i));
                remarks.putAll(classes.remarks(first + i));
                batch.picture(i).enlarged(scale).write(file, remarks);
                files.add(file);
            }
            return files;
        }

        private Path file(long image) {
            return folder.resolve(String.format(Locale.ROOT, "image-%06d.png", image));
        }

        @Override
        public boolean has(long first, int images) {
            return LongStream.range(first, first + images).allMatch(image -> Files.isRegularFile(file(image)));
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
