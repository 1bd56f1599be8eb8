package ddpm.torch.cuda;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Handles;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;

/**
 * The kernels that a captured sampling step needs beside libtorch's operators; {@code src/main/cuda} has their source.
 *
 * <p>They work on the stream that is torch's current one, eagerly or while it is captured. Loaded once per device, they
 * stay until the process ends.
 */
public final class StepKernels {
    private static final int THREADS = 256;

    /** Enough to fill any card; each thread takes several elements of larger batches. */
    private static final int MOST_BLOCKS = 1024;

    private static final int PER_BLOCK_OF_BITS = 4; // normals of one Philox block

    private static final Map<Device, StepKernels> LOADED = new HashMap<>();

    private final Device device;
    private final Driver driver;
    private final long normals;
    private final long stepDown;
    private long loopEnd;

    private StepKernels(Device device, Driver driver) {
        this.device = device;
        this.driver = driver;
        long module = driver.loadModule(resource("noise.ptx"));
        normals = driver.function(module, "ddpm_normals");
        stepDown = driver.function(module, "ddpm_step_down");
    }

    /**
     * The kernels on a device; not during a capture.
     *
     * @throws TorchException if there is no CUDA or its driver cannot compile them
     */
    public static StepKernels on(Device device) {
        synchronized (LOADED) {
            var known = LOADED.get(device);
            if (known == null) {
                try (var _ = CurrentDevice.set(Stream.runtime(), device)) {
                    known = new StepKernels(device, Driver.ofThisProcess());
                }
                LOADED.put(device, known);
            }
            return known;
        }
    }

    public Device device() {
        return device;
    }

    /**
     * Makes {@link #loopEnd} usable; not during a capture.
     *
     * @throws TorchException if the kernel was not linked for this card
     */
    public synchronized void loadLoopEnd() {
        if (loopEnd == 0) {
            try (var _ = CurrentDevice.set(Stream.runtime(), device)) {
                loopEnd = driver.function(driver.loadModule(resource("while.fatbin")), "ddpm_while");
            }
        }
    }

    private static byte[] resource(String name) {
        try (var in = StepKernels.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new TorchException("this program's jar lacks ddpm/torch/cuda/" + name);
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new TorchException(
                    "cannot read ddpm/torch/cuda/" + name + " of this program's jar: " + e.getMessage(), e);
        }
    }

    /**
     * Standard normals by address, the numbers that {@code ddpm.diffusion.Noise} gives on the CPU, into {@code out}.
     *
     * @param out {@code [images, ...]} float32, contiguous
     * @param step int64 {@code [1]}, at least 0: the address's step, read when the kernel runs
     * @param seed of the address
     * @param firstImage of the address; image i of out is firstImage + i
     * @param domain code of the address
     */
    public void normals(Tensor out, Tensor step, long seed, long firstImage, int domain) {
        require(out, DType.FLOAT32);
        requireCounter(step);
        if (out.shape().rank() < 1 || out.shape().numel() == 0) {
            throw new IllegalArgumentException("no normals for " + out.describe() + ": [images, ...] needed");
        }
        int images = Math.toIntExact(out.shape().size(0));
        int perImage = Math.toIntExact(out.shape().numel() / images);
        long blocksOfBits = (long) images * Math.ceilDiv(perImage, PER_BLOCK_OF_BITS);
        int blocks = (int) Math.min(MOST_BLOCKS, Math.ceilDiv(blocksOfBits, THREADS));
        launch(
                normals,
                blocks,
                THREADS,
                Handles.data(out),
                Handles.data(step),
                seed,
                firstImage,
                images,
                perImage,
                domain);
    }

    /** {@code step -= 1}. */
    public void stepDown(Tensor step) {
        requireCounter(step);
        launch(stepDown, 1, 1, Handles.data(step));
    }

    /**
     * {@code step -= 1}, and a loop's condition becomes step &gt;= 0.
     *
     * @param condition from {@link Graph#captureLoop}
     * @throws IllegalStateException before {@link #loadLoopEnd}
     */
    public void loopEnd(Tensor step, long condition) {
        requireCounter(step);
        if (loopEnd == 0) {
            throw new IllegalStateException("loadLoopEnd() comes before the capture");
        }
        launch(loopEnd, 1, 1, condition, Handles.data(step));
    }

    private void requireCounter(Tensor step) {
        require(step, DType.INT64);
        if (!step.shape().equals(Shape.of(1))) {
            throw new IllegalArgumentException("a step counter is int64 [1], not " + step.describe());
        }
    }

    private void require(Tensor tensor, DType type) {
        if (tensor.dtype() != type || !tensor.device().equals(device) || !tensor.isContiguous()) {
            throw new IllegalArgumentException(
                    "a kernel on " + device + " needs a contiguous " + type + ", not " + tensor.describe());
        }
    }

    private void launch(long kernel, int blocks, int threads, long... arguments) {
        driver.launch(kernel, blocks, threads, TorchCuda.ofThisProcess().of(device.index()), arguments);
    }
}
