package ddpm.tests.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gpu-kit's PyTorch networks are the very ones of this project: same names, same outputs. */
class PeerNetworksTest {
    private static final Path ROOT =
            Path.of(System.getProperty("ddpm.root", "..")).toAbsolutePath().normalize();
    private static final Path GOLDEN = ROOT.resolve("ddpm-dsl/src/test/resources/golden");

    /** Float32 on another processor than the golden file's: the golden files' own tolerance. */
    private static final double TOLERANCE = 2e-5;

    @Test
    void theNotebooksNetworkGivesTheNotebooksOutput(@TempDir Path folder) throws Exception {
        assertAgrees(folder, "mini", "notebook/unetmini_init.pt", "notebook", 1_282_051);
    }

    @Test
    void thePapersNetworkGivesTheOutputOfDiffusers(@TempDir Path folder) throws Exception {
        assertAgrees(
                folder, "unet", "hf_unet/current/diffusion_pytorch_model.safetensors", "hf_unet/current/io", 253_123);
    }

    private static void assertAgrees(Path folder, String network, String weights, String arrays, int parameters)
            throws Exception {
        var python = pythonWithTorch(folder);
        assumeTrue(python.isPresent(), "no python3 on PATH or in /usr/bin that has torch and numpy");
        var script = folder.resolve("check_networks.py");
        try (var in = PeerNetworksTest.class.getResourceAsStream("/cuda/check_networks.py")) {
            Files.write(script, in.readAllBytes());
        }
        var command = new ArrayList<>(List.of(
                "-B", script.toString(), network, GOLDEN.resolve(weights).toString()));
        for (var array : new String[] {"x.npy", "t.npy", "eps.npy"}) {
            command.add(GOLDEN.resolve(arrays).resolve(array).toString());
        }
        command.add(ROOT.resolve("gpu-kit/src/kit").toString());
        var said = python.get().run(folder, "", command).lines().toList();
        double difference = Double.parseDouble(said.get(said.size() - 3).replace("difference ", ""));
        assertTrue(difference <= TOLERANCE, () -> "largest difference " + difference);
        assertEquals("parameters " + parameters, said.get(said.size() - 2));
        assertEquals("cifar10 parameters 35746307", said.getLast());
    }

    private static Optional<Tool> pythonWithTorch(Path folder) throws IOException, InterruptedException {
        for (var candidate : List.of(Tool.find("python3"), Optional.of(new Tool(Path.of("/usr/bin/python3"))))) {
            if (candidate.isPresent() && Files.isExecutable(candidate.get().path())) {
                var found = candidate
                        .get()
                        .run(
                                folder,
                                "",
                                List.of(
                                        "-c",
                                        "from importlib.util import find_spec as f; print(bool(f('torch') and f('numpy')))"));
                if (found.strip().equals("True")) {
                    return candidate;
                }
            }
        }
        return Optional.empty();
    }
}
