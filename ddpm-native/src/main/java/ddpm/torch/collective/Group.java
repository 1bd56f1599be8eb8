package ddpm.torch.collective;

import ddpm.torch.Device;
import ddpm.torch.Tensor;
import ddpm.torch.TorchException;
import java.util.List;

/**
 * The processes that compute together, seen from one of them. All of them make the same calls in the same order.
 *
 * <pre>{@code
 * try (var group = Group.join(Ranks.of(System.getenv()), GroupOptions.USUAL)) {
 *     group.allReduce(gradient);
 * }
 * }</pre>
 *
 * <p>Each method throws {@link RankLostException} if another process is lost; the group is then of no more use.
 */
public interface Group extends AutoCloseable {
    /** The group of this process alone, whose operations do nothing. */
    Group ALONE = new Group() {};

    /**
     * Joins the other processes: over NCCL where this one computes on a GPU, else over Gloo. A single one needs neither.
     *
     * @throws TorchException if some of them do not come in time, or this process has no binding of c10d
     */
    static Group join(Ranks ranks, GroupOptions options) {
        if (ranks.size() == 1) {
            return ALONE;
        }
        return options.device().kind() == Device.Kind.CUDA
                ? new NcclGroup(ranks, options)
                : new GlooGroup(ranks, options);
    }

    /** This process's number, from 0. */
    default int rank() {
        return 0;
    }

    /** How many processes there are. */
    default int size() {
        return 1;
    }

    /** Whether this process is the one that writes files and speaks, rank 0. */
    default boolean leads() {
        return rank() == 0;
    }

    /** The host of a rank, for messages. */
    default String host(int rank) {
        return "localhost";
    }

    /** Replaces the elements by their sums over all ranks, the same bits on each. */
    default void allReduce(Tensor tensor) {}

    /** Replaces the elements by those of rank 0. */
    default void broadcast(Tensor tensor) {}

    /** The sum of a number of each rank. */
    default double sum(double value) {
        return size() == 1 ? value : Exchange.sum(this, value);
    }

    /** What each rank contributes, in the order of ranks, on all of them. */
    default List<byte[]> gather(byte[] own) {
        return size() == 1 ? List.of(own) : Exchange.gather(this, own);
    }

    /** Waits until all ranks are here. */
    default void barrier() {
        sum(0);
    }

    /** Leaves the group. */
    @Override
    default void close() {}
}
