package ddpm.torch.cuda;

import ddpm.torch.Device;

/**
 * A device's memory, as its driver counts it: libtorch's cache and other processes are in use.
 *
 * @param free bytes
 * @param total bytes
 */
public record DeviceMemory(long free, long total) {
    /**
     * @param device a CUDA device
     * @throws ddpm.torch.TorchException if CUDA is not there or refuses
     */
    public static DeviceMemory of(Device device) {
        var cuda = Stream.runtime();
        try (var _ = CurrentDevice.set(cuda, device)) {
            var memory = cuda.memory();
            return new DeviceMemory(memory[0], memory[1]);
        }
    }
}
