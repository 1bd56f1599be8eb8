package ddpm.train;

import ddpm.torch.collective.Group;
import java.nio.ByteBuffer;
import java.util.List;

/** How much of the steps' time each rank has waited for the others, since it was last asked. */
final class Waiting {
    private final Group group;
    private double waited;
    private double seconds;

    Waiting(Group group) {
        this.group = group;
    }

    void add(StepReport report, double tookSeconds) {
        waited += report.communication();
        seconds += tookSeconds;
    }

    /** The shares, 0 to 1, by rank; empty for a group of one. All ranks call this. */
    List<Double> shares() {
        if (group.size() == 1) {
            return List.of();
        }
        double own = seconds == 0 ? 0 : waited / seconds;
        waited = 0;
        seconds = 0;
        return group.gather(ByteBuffer.allocate(Double.BYTES).putDouble(own).array()).stream()
                .map(bytes -> ByteBuffer.wrap(bytes).getDouble())
                .toList();
    }
}
