package ddpm.torch.cuda;

import ddpm.torch.Device;

/** The CUDA device that calls of this thread without a stream go to, until closed. */
final class CurrentDevice implements AutoCloseable {
    private final Cudart cuda;
    private final int before;

    private CurrentDevice(Cudart cuda, int before) {
        this.cuda = cuda;
        this.before = before;
    }

    static CurrentDevice set(Cudart cuda, Device device) {
        if (device.kind() != Device.Kind.CUDA) {
            throw new IllegalArgumentException("a CUDA device is needed, not " + device);
        }
        int before = cuda.device();
        cuda.setDevice(device.index());
        return new CurrentDevice(cuda, before);
    }

    @Override
    public void close() {
        cuda.setDevice(before);
    }
}
