package ddpm.torch.collective;

import ddpm.torch.Device;
import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import java.util.function.Consumer;

/** A group of processes whose library computes on one device: a tensor elsewhere goes there and back. */
abstract class DeviceGroup implements Group {
    final Ranks ranks;
    private final Device device;

    DeviceGroup(Ranks ranks, Device device) {
        this.ranks = ranks;
        this.device = device;
    }

    /** Sums a contiguous tensor of the device over the ranks, in place. */
    abstract void sumInPlace(Tensor tensor);

    /** Overwrites a contiguous tensor of the device with that of rank 0. */
    abstract void overwrite(Tensor tensor);

    /** The failure of an operation, with what is known of the rank that caused it. */
    abstract RankLostException lost(String what, TorchException e);

    @Override
    public final int rank() {
        return ranks.rank();
    }

    @Override
    public final int size() {
        return ranks.size();
    }

    @Override
    public final void allReduce(Tensor tensor) {
        run("summing " + tensor.shape(), tensor, this::sumInPlace);
    }

    @Override
    public final void broadcast(Tensor tensor) {
        run("broadcasting " + tensor.shape(), tensor, this::overwrite);
    }

    private void run(String what, Tensor tensor, Consumer<Tensor> operation) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            boolean there = tensor.device().equals(device) && tensor.isContiguous();
            var onDevice = there ? tensor : tensor.on(device).contiguous().copy();
            try {
                operation.accept(onDevice);
            } catch (TorchException e) {
                throw lost(what, e);
            }
            if (!there) {
                tensor.copyFrom(onDevice);
            }
        }
    }
}
