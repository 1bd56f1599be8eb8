package ddpm.torch.natives;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The torch package of the {@code python3} on PATH, found without importing it. */
final class PythonTorch {
    private static final int SECONDS = 20;
    private static final String MARK = "ddpm-torch=";

    /**
     * Asks where the package lies; importing it would take seconds and run its code. A folder called torch that happens
     * to be in the current one is not meant.
     */
    private static final String QUESTION = "import sys; sys.path[:] = [p for p in sys.path if p]; "
            + "import importlib.util as u; s = u.find_spec('torch'); "
            + "print('" + MARK + "' + (list(s.submodule_search_locations or [''])[0] if s else ''))";

    private PythonTorch() {}

    /**
     * Finds its folder.
     *
     * @throws IOException if there is no python3, it does not answer, or it has no torch
     */
    static Path folder() throws IOException {
        return folder(List.of("python3"));
    }

    static Path folder(List<String> python) throws IOException {
        var command = Stream.concat(python.stream(), Stream.of("-c", QUESTION)).toList();
        Process process;
        try {
            process = new ProcessBuilder(command).redirectErrorStream(true).start();
        } catch (IOException e) {
            throw refusal(python, "cannot be run: " + e.getMessage());
        }
        try {
            process.getOutputStream().close();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                throw refusal(python, "does not say within " + SECONDS + " s where its torch is");
            }
            var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            var answer = said.lines().filter(line -> line.startsWith(MARK)).findFirst();
            if (process.exitValue() != 0 || answer.isEmpty()) {
                throw refusal(
                        python,
                        "cannot say where its torch is: "
                                + said.lines().reduce((_, last) -> last).orElse("it printed nothing"));
            }
            var folder = answer.get().substring(MARK.length());
            if (folder.isEmpty()) {
                throw refusal(python, "has no torch package");
            }
            return Path.of(folder);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw refusal(python, "was interrupted while it looked for its torch");
        } finally {
            process.destroyForcibly();
        }
    }

    private static IOException refusal(List<String> python, String why) {
        return new IOException("'auto' asks " + python.getFirst() + " for its torch, but " + python.getFirst() + " "
                + why + "; activate the environment that has torch 2.10 or newer, or name its folder");
    }

    /** Whether a choice of libtorch means this: the word auto, where no folder is called so. */
    static boolean isMeantBy(String choice) {
        return choice.equals("auto") && !Files.isDirectory(Path.of(choice));
    }
}
