package ddpm.torch.collective;

import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Numbers and bytes between ranks, by sums alone. */
final class Exchange {
    private Exchange() {}

    static double sum(Group group, double value) {
        try (var _ = TensorScope.open()) {
            var one = Tensor.of(new double[] {value}, Shape.of(1));
            group.allReduce(one);
            return one.toDoubles()[0];
        }
    }

    /** Each rank adds its bytes where all others have zeros. */
    static List<byte[]> gather(Group group, byte[] own) {
        var lengths = new long[group.size()];
        lengths[group.rank()] = own.length;
        lengths = sums(group, lengths);
        int longest = (int) Math.max(1, Arrays.stream(lengths).max().orElseThrow());
        var all = new long[Math.multiplyExact(group.size(), longest)];
        for (int i = 0; i < own.length; i++) {
            all[group.rank() * longest + i] = own[i];
        }
        all = sums(group, all);
        var parts = new ArrayList<byte[]>();
        for (int rank = 0; rank < group.size(); rank++) {
            var part = new byte[(int) lengths[rank]];
            for (int i = 0; i < part.length; i++) {
                part[i] = (byte) all[rank * longest + i];
            }
            parts.add(part);
        }
        return parts;
    }

    private static long[] sums(Group group, long[] values) {
        try (var _ = TensorScope.open()) {
            var tensor = Tensor.of(values, Shape.of(values.length));
            group.allReduce(tensor);
            var sums = new long[values.length];
            tensor.toBytes().order(ByteOrder.nativeOrder()).asLongBuffer().get(sums);
            return sums;
        }
    }
}
