package ddpm.cli;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.LibTorch;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which libtorch computes, where and with how many threads: the options of every command that computes. */
final class EngineOptions {
    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            converter = DeviceChoice.Converter.class,
            defaultValue = "auto",
            description = "cpu, cuda, cuda:N or auto, which is cuda where there is one (default: auto).")
    private DeviceChoice device;

    @Option(
            names = "--threads",
            paramLabel = "N",
            converter = WholeNumber.Threads.class,
            description = "CPU threads (default: one per core).")
    private Integer threads;

    @Option(
            names = "--libtorch",
            paramLabel = "DIR",
            converter = Folder.class,
            description = "Folder of another libtorch, 2.10 or newer, such as the torch folder of a Python installation"
                    + " (default: environment variable DDPM_LIBTORCH, else the one inside this program).")
    private Path libtorch;

    /** @param device the one asked for, or null for the best there is */
    record DeviceChoice(Device device) {
        /** Knows the names of devices. */
        static final class Converter implements ITypeConverter<DeviceChoice> {
            @Override
            public DeviceChoice convert(String text) {
                try {
                    return new DeviceChoice(text.equals("auto") ? null : Device.parse(text));
                } catch (IllegalArgumentException e) {
                    throw new TypeConversionException(e.getMessage() + ", or auto");
                }
            }
        }
    }

    /** An empty path would silently mean the current folder. */
    static final class Folder implements ITypeConverter<Path> {
        @Override
        public Path convert(String text) {
            try {
                if (!text.isBlank()) {
                    return Path.of(text);
                }
            } catch (InvalidPathException e) {
                // said below
            }
            throw new TypeConversionException("'" + text + "' is no path; name a folder");
        }
    }

    int threads() {
        return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    }

    /**
     * Loads libtorch.
     *
     * @param news hears when the bundled one is unpacked
     * @throws CommandFailure with {@link ExitCode#NO_LIBTORCH} if that is not possible
     */
    LibTorch load(Console news) {
        LibTorch.onProgress(news::note);
        try {
            var torch = libtorch == null ? LibTorch.load() : LibTorch.load(libtorch);
            torch.version(); // binds the functions, so that one that is missing is found here
            torch.setThreads(threads());
            return torch;
        } catch (TorchException | IllegalStateException e) {
            throw new CommandFailure(ExitCode.NO_LIBTORCH, e.getMessage(), e);
        } catch (LinkageError e) {
            throw new CommandFailure(
                    ExitCode.NO_LIBTORCH,
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
     * @throws CommandFailure with {@link ExitCode#NO_DEVICE} if the one asked for is not there
     */
    Device device(LibTorch torch) {
        // A libtorch built without CUDA is not even asked: some versions complain on stderr.
        boolean hasCuda = Files.exists(torch.folder().resolve(System.mapLibraryName("torch_cuda")));
        if (device.device() == null) {
            return hasCuda && refusal(Device.cuda(0)) == null ? Device.cuda(0) : Device.CPU;
        }
        boolean cuda = device.device().kind() == Device.Kind.CUDA;
        var refused = cuda && hasCuda ? refusal(device.device()) : null;
        if (cuda && (!hasCuda || refused != null)) {
            throw new CommandFailure(
                    ExitCode.NO_DEVICE,
                    "there is no device " + device.device() + " for libtorch " + torch.version() + " in "
                            + torch.folder() + ": " + (hasCuda ? firstLine(refused) : "it is built without CUDA")
                            + "; use --device cpu, or --libtorch with a libtorch built for CUDA",
                    refused);
        }
        return device.device();
    }

    /**
     * For work that is done on CPUs only.
     *
     * @throws CommandFailure with {@link ExitCode#NO_DEVICE} if another device was asked for by name
     */
    void requireCpu(String work) {
        if (device.device() != null && device.device().kind() != Device.Kind.CPU) {
            throw new CommandFailure(
                    ExitCode.NO_DEVICE,
                    "--device " + device.device() + ": " + work + " runs on cpu; leave it out",
                    null);
        }
    }

    /** Why the smallest tensor cannot be made there, or null. */
    private static TorchException refusal(Device device) {
        try (var _ = TensorScope.open()) {
            Tensor.empty(Shape.of(1), DType.FLOAT32, device);
            return null;
        } catch (TorchException e) {
            return e;
        }
    }

    private static String firstLine(TorchException e) {
        return e.getMessage().lines().findFirst().orElse("refused");
    }
}
