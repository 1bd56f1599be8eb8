package ddpm.torch.collective;

import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import ddpm.torch.cuda.NcclCommunicator;
import java.util.List;

/** A group of GPUs over NCCL, which needs no JavaCPP: any libtorch for CUDA will do. */
final class NcclGroup extends DeviceGroup {
    private final List<String> hosts;
    private final NcclCommunicator communicator;

    NcclGroup(Ranks ranks, GroupOptions options) {
        super(ranks, options.device());
        var id = ranks.rank() == 0 ? NcclCommunicator.newId() : new byte[0];
        var met = Meeting.of(ranks, options.start(), id);
        hosts = met.hosts();
        communicator = NcclCommunicator.join(
                met.word(), ranks.rank(), ranks.size(), options.device(), options.start(), options.timeout());
    }

    @Override
    public String host(int rank) {
        return hosts.get(rank);
    }

    @Override
    void sumInPlace(Tensor tensor) {
        communicator.allReduce(tensor);
    }

    @Override
    void overwrite(Tensor tensor) {
        communicator.broadcast(tensor);
    }

    @Override
    RankLostException lost(String what, TorchException e) {
        return new RankLostException(
                ranks + " on " + host(rank()) + ", " + what + ": a rank is lost, or does not answer in time"
                        + " (--timeout) (" + e.getMessage() + ")",
                e);
    }

    @Override
    public void close() {
        communicator.close();
    }
}
