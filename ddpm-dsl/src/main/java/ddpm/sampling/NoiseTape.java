package ddpm.sampling;

import ddpm.diffusion.Noise;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.ArrayList;
import java.util.List;

/** Noise that the host draws before every launch and copies to where the recorded steps read it. */
final class NoiseTape implements StepNoise {
    /** Bytes of the device's memory that a tape may take. */
    private static final long LARGEST = 256L << 20;

    private final BatchNoise noise;
    private final Device device;
    private final List<Tensor> places = new ArrayList<>();

    /**
     * @param device of the tape, whose memory belongs to the scopes that are open when room is made
     */
    NoiseTape(BatchNoise noise, Device device) {
        this.noise = noise;
        this.device = device;
    }

    @Override
    public int most() {
        return Math.clamp(LARGEST / (Float.BYTES * noise.shape().numel()), 1, Integer.MAX_VALUE);
    }

    @Override
    public void reserve(int steps) {
        while (places.size() < steps) {
            places.add(Tensor.zeros(noise.shape(), DType.FLOAT32, device));
        }
    }

    @Override
    public void prepare(int first, int steps, int offset, Solver.Step solver) {
        for (int place = 0; place < steps; place++) {
            int step = first - place;
            if (!solver.addsNoise(step)) {
                places.get(place).zero();
                continue;
            }
            try (var _ = TensorScope.open()) {
                var z = noise.normals(Noise.Domain.REVERSE, step + offset);
                places.get(place).copyFrom(Tensor.of(z, noise.shape()));
            }
        }
    }

    @Override
    public Tensor z(int place, Tensor index) {
        return places.get(place);
    }
}
