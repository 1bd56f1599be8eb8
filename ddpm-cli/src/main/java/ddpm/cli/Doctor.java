package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.cli.console.Json;
import ddpm.cli.console.TextTable;
import ddpm.io.WholeFile;
import ddpm.model.hub.HubSettings;
import ddpm.text.Reason;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.KernelCheck;
import ddpm.torch.LibTorch;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.CudaStatus;
import ddpm.torch.cuda.DeviceMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ddpm doctor}: checks whether this machine can run the program, and says what to do where it cannot. */
@Command(
        name = "doctor",
        description =
                "Check Java, the cache, the network's settings, libtorch and its devices; say what to do where something is wrong.",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class)
final class Doctor implements Callable<Integer> {
    private static final int SIDE = 8;

    @Mixin
    private EngineOptions engine;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    private final List<Check> checks = new ArrayList<>();

    /**
     * One thing looked at.
     *
     * @param status how it is
     * @param name what it is
     * @param finding what was found; of a failure also what to do
     */
    private record Check(ExitCode status, String name, String finding) {
        Map<String, Object> json() {
            var json = new LinkedHashMap<String, Object>();
            json.put("ok", status == ExitCode.DONE);
            json.put("name", name);
            json.put("finding", finding);
            return json;
        }
    }

    @Override
    public Integer call() {
        var line = spec.commandLine();
        var runtime = Runtime.getRuntime();
        ok("ddpm", Main.Version.program());
        ok(
                "Java",
                Runtime.version() + " in " + System.getProperty("java.home") + ", up to "
                        + runtime.maxMemory() / 1_000_000 + " MB");
        ok(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch") + ", " + runtime.availableProcessors() + " cores");
        cache();
        network();
        libtorch(new Console(line.getErr(), false, false));
        line.getOut().print(json ? Json.of(describe()) + System.lineSeparator() : text());
        return worst().status();
    }

    private void ok(String name, String finding) {
        checks.add(new Check(ExitCode.DONE, name, finding));
    }

    private void cache() {
        try {
            var root = LibTorch.cacheFolder();
            var existing = root;
            while (!Files.exists(existing)) {
                existing = existing.getParent();
            }
            long free = existing.toFile().getUsableSpace() / 1_000_000;
            boolean writable = Files.isWritable(existing);
            // No failure in itself: a prepared cache may be read-only, and another libtorch needs none.
            ok(
                    "cache",
                    root + ", " + WholeFile.bytes(root) / 1_000_000 + " MB used, " + free + " MB free, "
                            + (writable
                                    ? "writable"
                                    : "not writable (let DDPM_CACHE name a folder that is, if unpacking fails)"));
        } catch (TorchException e) {
            ok("cache", "none: " + e.getMessage());
        } catch (IOException e) {
            ok("cache", "unknown: " + Reason.of(e));
        }
    }

    private void network() {
        try {
            var settings = HubSettings.of(System.getenv());
            ok("network", settings.network().describe());
            ok("hub", settings.describe());
        } catch (IOException | IllegalArgumentException e) {
            checks.add(new Check(ExitCode.FAILED, "network", e.getMessage()));
        }
    }

    private void libtorch(Console news) {
        try {
            var unpacked = engine.verify(news);
            var torch = engine.load(news);
            ok(
                    "libtorch",
                    torch.version() + (torch.isBundled() ? " (built in) in " : " in ") + torch.folder() + ", "
                            + torch.cpuCapability() + ", " + torch.threads() + " threads" + unpacked);
            ok("CUDA", CudaStatus.of(torch).finding());
            var device = engine.device(torch, news);
            ok("device", device + memory(device));
            convolution(device);
            if (device.kind() == Device.Kind.CPU) {
                kernels("fp32", DType.FLOAT32);
                kernels("bf16", DType.BFLOAT16);
            }
        } catch (ExitCode.Failure e) {
            checks.add(new Check(
                    e.exitCode(), e.exitCode() == ExitCode.NO_DEVICE ? "device" : "libtorch", e.getMessage()));
        }
    }

    private static String memory(Device device) {
        if (device.kind() == Device.Kind.CPU) {
            return "";
        }
        var memory = DeviceMemory.of(device);
        return ", " + memory.free() / 1_000_000 + " of " + memory.total() / 1_000_000 + " MB free";
    }

    /** A 3 x 3 sum over ones: each inner result is 9, exactly. */
    private void convolution(Device device) {
        try (var _ = TensorScope.open()) {
            var image = new float[SIDE * SIDE];
            var kernel = new float[9];
            Arrays.fill(image, 1);
            Arrays.fill(kernel, 1);
            var result = Ops.conv2d(
                            Tensor.of(image, Shape.of(1, 1, SIDE, SIDE)).on(device),
                            Tensor.of(kernel, Shape.of(1, 1, 3, 3)).on(device),
                            null,
                            1,
                            0)
                    .toFloats();
            var expected = new float[(SIDE - 2) * (SIDE - 2)];
            Arrays.fill(expected, 9);
            if (Arrays.equals(expected, result)) {
                ok("convolution", "right");
            } else {
                checks.add(new Check(
                        ExitCode.NO_LIBTORCH,
                        "convolution",
                        "computed " + Arrays.toString(result)
                                + " instead of nines: this libtorch cannot be trusted on this"
                                + " machine; use another with --libtorch"));
            }
        } catch (TorchException e) {
            checks.add(new Check(
                    ExitCode.NO_LIBTORCH, "convolution", e.getMessage() + "; use another libtorch with --libtorch"));
        }
    }

    /** Compares this libtorch's kernels with each other in one precision. */
    private void kernels(String name, DType precision) {
        try {
            var found = KernelCheck.of(precision);
            if (found.plain().isEmpty()) {
                ok(
                        name,
                        found.packed().isEmpty()
                                ? "right"
                                : "right, but slower than it could be: packed kernels that compute wrongly are not used,"
                                        + " for weights of " + String.join(", ", found.packed()));
            } else {
                checks.add(new Check(
                        ExitCode.NO_LIBTORCH,
                        name,
                        "computed wrongly are layers with weights of " + String.join(", ", found.plain())
                                + ": use another libtorch with --libtorch, or another --precision"));
            }
        } catch (TorchException e) {
            checks.add(
                    new Check(ExitCode.NO_LIBTORCH, name, e.getMessage() + "; use another libtorch with --libtorch"));
        }
    }

    private ExitCode worst() {
        return checks.stream()
                .map(Check::status)
                .filter(s -> s != ExitCode.DONE)
                .findFirst()
                .orElse(ExitCode.DONE);
    }

    private String text() {
        var table = new TextTable("");
        checks.forEach(c -> table.row(c.status() == ExitCode.DONE ? "ok" : "FAILED", c.name(), c.finding()));
        return table.toString();
    }

    private Map<String, Object> describe() {
        var json = new LinkedHashMap<String, Object>();
        json.put("ok", worst() == ExitCode.DONE);
        json.put("checks", checks.stream().map(Check::json).toList());
        return json;
    }
}
