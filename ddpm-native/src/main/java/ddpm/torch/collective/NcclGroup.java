package ddpm.torch.collective;

import ddpm.torch.GradMode;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.NcclCommunicator;
import java.util.List;

/** A group of GPUs over NCCL, which needs no JavaCPP: any libtorch for CUDA will do. */
final class NcclGroup implements Group {
    private final Ranks ranks;
    private final GroupOptions options;
    private final List<String> hosts;
    private final NcclCommunicator communicator;

    NcclGroup(Ranks ranks, GroupOptions options) {
        this.ranks = ranks;
        this.options = options;
        var id = ranks.rank() == 0 ? NcclCommunicator.newId() : new byte[0];
        var met = Meeting.of(ranks, options.start(), id);
        hosts = met.hosts();
        communicator = NcclCommunicator.join(
                met.word(), ranks.rank(), ranks.size(), options.device(), options.start(), options.timeout());
    }

    @Override
    public int rank() {
        return ranks.rank();
    }

    @Override
    public int size() {
        return ranks.size();
    }

    @Override
    public String host(int rank) {
        return hosts.get(rank);
    }

    @Override
    public void allReduce(Tensor tensor) {
        run("summing " + tensor.shape(), tensor, communicator::allReduce);
    }

    @Override
    public void broadcast(Tensor tensor) {
        run("broadcasting " + tensor.shape(), tensor, communicator::broadcast);
    }

    private interface Operation {
        void on(Tensor tensor);
    }

    /** NCCL computes on the device: a tensor elsewhere goes there and back. */
    private void run(String what, Tensor tensor, Operation operation) {
        try (var _ = TensorScope.open();
                var _ = GradMode.off()) {
            boolean there = tensor.device().equals(options.device()) && tensor.isContiguous();
            var onDevice =
                    there ? tensor : tensor.on(options.device()).contiguous().copy();
            try {
                operation.on(onDevice);
            } catch (TorchException e) {
                throw new RankLostException(
                        ranks + " on " + host(rank()) + ", " + what + ": a rank is lost, or does not answer in time"
                                + " (--timeout) (" + e.getMessage() + ")",
                        e);
            }
            if (!there) {
                tensor.copyFrom(onDevice);
            }
        }
    }

    @Override
    public void close() {
        communicator.close();
    }
}
