package ddpm.tests.cold;

import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import ddpm.torch.cpp.CppTensors;

/** What a child JVM of {@link ColdStartTest} runs: {@code plain}, {@code cpp-first} or {@code cpp-after}. */
final class FirstUse {
    private FirstUse() {}

    public static void main(String[] args) {
        if (args[0].equals("cpp-first")) {
            CppTensors.ready();
        }
        try (var _ = TensorScope.open()) {
            var x = Tensor.of(new float[] {1, 2, 3}, Shape.of(3)).requiresGrad(true);
            var loss = Ops.sum(x.mul(x));
            loss.backward();
            System.out.println("ours " + loss.item() + " " + x.grad().toFloats()[2]);
            if (!args[0].equals("plain")) {
                try (var theirs = CppTensors.toCpp(x);
                        var sum = theirs.sum()) {
                    System.out.println("theirs " + sum.item_float());
                }
            }
        }
    }
}
