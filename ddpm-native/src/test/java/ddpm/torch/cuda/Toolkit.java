package ddpm.torch.cuda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;

/** A CUDA toolkit installed on this machine; tests that need one are left out, and say so, where there is none. */
record Toolkit(Path folder) {
    static Toolkit required() {
        var found = find();
        assumeTrue(
                found.isPresent(), "no CUDA toolkit with a libcudart under /usr/local: this is checked where one is");
        return found.orElseThrow();
    }

    private static Optional<Toolkit> find() {
        try (var entries = Files.list(Path.of("/usr/local"))) {
            return entries.filter(folder -> folder.getFileName().toString().startsWith("cuda"))
                    .sorted(Comparator.reverseOrder())
                    .map(Toolkit::new)
                    .filter(toolkit -> toolkit.library().isPresent())
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private Optional<Path> library() {
        return java.util.stream.Stream.of("lib64/libcudart.so.13", "lib64/libcudart.so.12")
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    Cudart cudart() {
        return Cudart.open(library().orElseThrow());
    }

    /** A header's text, or the test is left out. */
    String header(String name) throws IOException {
        var file = folder.resolve("include").resolve(name);
        assumeTrue(Files.isRegularFile(file), "the CUDA toolkit in " + folder + " has no headers");
        return Files.readString(file);
    }
}
