package ddpm.torch.collective;

import ddpm.torch.Device;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;

/** A process of a group, which prints what it hears; the rank of its second argument halts, hangs or stops in the middle. */
final class GroupMember {
    private GroupMember() {}

    public static void main(String[] args) throws Exception {
        var options = new GroupOptions(Duration.ofSeconds(60), Duration.ofSeconds(1), Optional.empty(), Device.CPU);
        try (var group = Group.join(Ranks.of(System.getenv()), options);
                var _ = TensorScope.open()) {
            var sum = Tensor.of(new float[] {group.rank() + 1, 10}, Shape.of(2));
            group.allReduce(sum);
            var first = Tensor.of(new float[] {group.rank() == 0 ? -0f : 5}, Shape.of(1));
            group.broadcast(first);
            var words = group.gather("word".repeat(group.rank()).getBytes(StandardCharsets.UTF_8)).stream()
                    .map(bytes -> new String(bytes, StandardCharsets.UTF_8))
                    .toList();
            group.barrier();
            System.out.println(Arrays.toString(sum.toFloats()) + " " + Arrays.toString(first.toFloats()) + " " + words
                    + " " + group.sum(0.5));
            if (args.length > 0) {
                while (args[0].equals("waits")) { // until the network fails
                    group.sum(1);
                    Thread.sleep(10);
                }
                if (group.rank() == Integer.parseInt(args[1])) {
                    if (args[0].equals("stops")) {
                        new ProcessBuilder(
                                        "kill",
                                        "-STOP",
                                        Long.toString(ProcessHandle.current().pid()))
                                .start();
                        Thread.sleep(60_000);
                    }
                    if (args[0].equals("hangs")) {
                        Thread.sleep(4_500);
                    }
                    Runtime.getRuntime().halt(9);
                }
                group.sum(1);
            }
        } catch (RankLostException e) {
            System.out.println(e.getMessage());
            System.exit(1);
        }
    }
}
