package ddpm.cli;

import ddpm.cli.console.Console;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.Tf32;
import ddpm.torch.TorchException;
import ddpm.torch.collective.Ranks;
import ddpm.torch.cuda.CudaDevice;
import ddpm.torch.cuda.CudaStatus;
import java.nio.file.Path;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** The libtorch, device and threads of every command that computes. */
final class EngineOptions {
    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "cpu, cuda, cuda:N or auto, which is cuda where there is one (default: auto).")
    private DeviceChoice device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = Values.Threads.class,
            description = "CPU threads (default: one per core, shared by the ranks of this host).")
    private Integer threads;

    private Ranks ranks = Ranks.ALONE;

    @Option(
            names = "--libtorch",
            paramLabel = "DIR",
            description =
                    "Folder of another libtorch, 2.10 or newer, such as the torch folder of a Python installation;"
                            + " auto asks the python3 on PATH for its torch (default: environment variable DDPM_LIBTORCH, else"
                            + " the one inside this program).")
    private Path libtorch;

    @Option(
            names = "--tf32",
            description = "On cuda, let float32 convolutions and products round their inputs to 10 bits: several times"
                    + " faster, less exact.")
    private boolean tf32;

    /** @param device the one asked for, or null for the best there is */
    record DeviceChoice(Device device) {
        static DeviceChoice parse(String text) {
            try {
                return new DeviceChoice(text.equals("auto") ? null : Device.parse(text));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(e.getMessage() + ", or auto", e);
            }
        }
    }

    /** Shares the cores and devices of this host with its other ranks. */
    void shareHost(Ranks of) {
        ranks = of;
    }

    int threads() {
        return threads == null ? Math.max(1, Runtime.getRuntime().availableProcessors() / ranks.localSize()) : threads;
    }

    /**
     * Compares the bundled libtorch with its checksums, if it is the one to be used, and unpacks it anew where it differs.
     *
     * @param news takes a note when it is unpacked
     * @return what was found, to be put behind what else is said of libtorch; empty for another libtorch
     */
    String verify(Console news) {
        LibTorch.onNote(news::note);
        var variable = System.getenv(LibTorch.VARIABLE);
        if (libtorch != null || variable != null && !variable.isBlank()) {
            return "";
        }
        try {
            return LibTorch.verifyBundled()
                    .map(right -> right ? ", unpacked without damage" : ", was damaged and has been unpacked anew")
                    .orElse("");
        } catch (TorchException e) {
            throw ExitCode.NO_LIBTORCH.because(e.getMessage(), e);
        }
    }

    /**
     * Loads libtorch.
     *
     * @param news takes a note when the bundled one is unpacked
     * @throws ExitCode.Failure with {@link ExitCode#NO_LIBTORCH} if that is not possible
     */
    LibTorch load(Console news) {
        LibTorch.onNote(news::note);
        try {
            var torch = libtorch == null ? LibTorch.load() : LibTorch.load(LibTorch.folder(libtorch.toString()));
            torch.version(); // binds the functions, so that one that is missing is found here
            torch.setThreads(threads());
            return torch;
        } catch (TorchException | IllegalStateException e) {
            throw ExitCode.NO_LIBTORCH.because(e.getMessage(), e);
        } catch (LinkageError e) {
            throw ExitCode.NO_LIBTORCH.because(
                    "libtorch " + (libtorch == null ? "" : "in " + libtorch + " ") + "cannot be used: " + reason(e)
                            + "; use libtorch 2.10 or newer for this system, or leave out --libtorch and "
                            + LibTorch.VARIABLE + " to use the one inside this program",
                    e);
        }
    }

    private static String reason(LinkageError e) {
        return String.valueOf(
                e.getCause() == null ? e.getMessage() : e.getCause().getMessage());
    }

    /**
     * The device to compute on, after it was tried.
     *
     * @param news takes the reason why a libtorch for CUDA does not compute there, where the choice is ours
     * @throws ExitCode.Failure with {@link ExitCode#NO_DEVICE} if the one asked for is not there
     */
    Device device(LibTorch torch, Console news) {
        var asked = device.device();
        if (asked != null && asked.kind() == Device.Kind.CPU) {
            return onCpu(asked);
        }
        var status = CudaStatus.of(torch);
        var wanted = asked == null ? Device.cuda(ranks.localRank()) : asked;
        var refused = refusal(status, wanted);
        if (refused == null) {
            allowTf32();
            return wanted;
        }
        if (asked == null) {
            if (torch.isBuiltForCuda()) {
                news.note("computing on cpu, for cuda cannot be used: " + refused);
            }
            return onCpu(Device.CPU);
        }
        throw ExitCode.NO_DEVICE.because(
                "there is no device " + wanted + " for libtorch " + torch.version() + ": " + refused
                        + "; or use --device cpu",
                null);
    }

    private Device onCpu(Device cpu) {
        if (tf32) {
            throw ExitCode.NO_DEVICE.because("--tf32: only cuda has it, and this runs on cpu; leave it out", null);
        }
        return cpu;
    }

    private void allowTf32() {
        if (tf32) {
            Tf32.allow(true);
        }
    }

    /** The reason why a CUDA device cannot be used, or null. */
    private static String refusal(CudaStatus status, Device wanted) {
        if (!status.isReady()) {
            return status.finding();
        }
        if (wanted.index() >= status.devices().size()) {
            return "this machine has "
                    + status.devices().stream().map(CudaDevice::toString).collect(Collectors.joining(", "));
        }
        try (var _ = TensorScope.open()) {
            Tensor.full(Shape.of(1), 1, DType.FLOAT32, wanted).item();
            return null;
        } catch (TorchException e) {
            return firstLine(e);
        }
    }

    private static String firstLine(TorchException e) {
        return e.getMessage().lines().findFirst().orElse("refused");
    }
}
