package ddpm.torch.natives;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Loads libraries whose own dependencies may lie where the system's linker does not look, as CUDA's do: beside a pip
 * package's torch, or under {@code /usr/local/cuda}.
 *
 * <p>The linker is asked first and names the library it misses; only that one is then looked for, loaded and the first
 * one tried again. So nothing is loaded that is not needed, and what a library's own run path finds comes first.
 */
final class LibraryLoader {
    /** How glibc's linker says it. */
    private static final Pattern MISSING = Pattern.compile("([^\\s:/]+\\.so[.\\d]*): cannot open shared object file");

    private final List<Path> elsewhere;

    /** @param elsewhere folders to look in for what the linker misses, best first; they need not exist */
    LibraryLoader(List<Path> elsewhere) {
        this.elsewhere = List.copyOf(elsewhere);
    }

    /**
     * Lists the places where CUDA's libraries are, for a libtorch in this folder: its own, those of the pip packages beside it,
     * a conda environment's, then the installed toolkits', newest first.
     */
    static List<Path> cudaFolders(Path torch) {
        var folders = new ArrayList<Path>();
        folders.add(torch);
        ancestor(torch, 2).ifPresent(packages -> folders.addAll(each(packages.resolve("nvidia"), "lib")));
        ancestor(torch, 4).ifPresent(folders::add); // .../env/lib/python3.12/site-packages/torch/lib
        for (var variable : new String[] {"CUDA_HOME", "CUDA_PATH"}) {
            var home = System.getenv(variable);
            if (home != null && !home.isBlank()) {
                folders.addAll(insideToolkit(Path.of(home)));
            }
        }
        folders.addAll(insideToolkit(Path.of("/usr/local/cuda")));
        each(Path.of("/usr/local"), "").stream()
                .filter(folder -> folder.getFileName().toString().startsWith("cuda-"))
                .sorted(Comparator.reverseOrder())
                .forEach(toolkit -> folders.addAll(insideToolkit(toolkit)));
        return folders;
    }

    private static List<Path> insideToolkit(Path toolkit) {
        return List.of(toolkit.resolve("lib64"), toolkit.resolve("lib"), toolkit.resolve("extras/CUPTI/lib64"));
    }

    private static Optional<Path> ancestor(Path folder, int levels) {
        var up = folder;
        for (int i = 0; i < levels && up != null; i++) {
            up = up.getParent();
        }
        return Optional.ofNullable(up);
    }

    /** {@code parent/X/name} for every X there is. */
    private static List<Path> each(Path parent, String name) {
        try (var entries = Files.list(parent)) {
            return entries.map(entry -> entry.resolve(name).normalize())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            return List.of(); // no such place
        }
    }

    /**
     * Loads a library by its path, and first whatever it needs and the linker does not find.
     *
     * @throws UnsatisfiedLinkError with the linker's words if something is nowhere, or cannot be loaded
     */
    void load(Path file) {
        load(file, new HashSet<>());
    }

    private void load(Path file, Set<String> tried) {
        while (true) {
            try {
                System.load(file.toString());
                return;
            } catch (UnsatisfiedLinkError e) {
                var needed = missing(e.getMessage())
                        .filter(tried::add)
                        .flatMap(this::find)
                        .orElseThrow(() -> e);
                load(needed, tried);
            }
        }
    }

    /** The library that the linker misses, by its words. */
    static Optional<String> missing(String message) {
        var matcher = MISSING.matcher(String.valueOf(message));
        return matcher.find() ? Optional.of(matcher.group(1)) : Optional.empty();
    }

    private Optional<Path> find(String name) {
        return elsewhere.stream()
                .map(folder -> folder.resolve(name).toAbsolutePath())
                .filter(Files::isRegularFile)
                .findFirst();
    }
}
