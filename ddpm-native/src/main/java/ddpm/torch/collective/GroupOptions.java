package ddpm.torch.collective;

import ddpm.torch.Device;
import java.time.Duration;
import java.util.Optional;

/**
 * How processes wait for each other, and over what they speak.
 *
 * @param start how long they may take to come together
 * @param timeout how long one may wait for the others in an operation
 * @param network the interface to speak over, such as {@code eth0}; by default the one that reaches the master. NCCL's is
 *     chosen by NCCL_SOCKET_IFNAME
 * @param device where this process computes; no other process computes on the same GPU
 */
public record GroupOptions(Duration start, Duration timeout, Optional<String> network, Device device) {
    /** 30 seconds to come together, 10 minutes for an operation, on the CPU. */
    public static final GroupOptions USUAL =
            new GroupOptions(Duration.ofSeconds(30), Duration.ofMinutes(10), Optional.empty(), Device.CPU);

    public GroupOptions {
        if (start.toMillis() < 1 || timeout.toMillis() < 1) {
            throw new IllegalArgumentException("timeouts of " + start + " and " + timeout + ": at least a millisecond");
        }
    }
}
