package ddpm.tests.operators;

import ddpm.torch.DType;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Tensor;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One operator on one set of inputs, told twice.
 *
 * @param covers the method of ours that it tests, as {@code Class.name(parameter types)}
 * @param theirs the same through JavaCPP's generated classes
 * @param types in which element types it is compared
 */
record Operator(
        String covers,
        List<Input> inputs,
        Function<Tensor[], Tensor> ours,
        Function<org.bytedeco.pytorch.Tensor[], org.bytedeco.pytorch.Tensor> theirs,
        List<DType> types) {

    private static final List<DType> BOTH = List.of(DType.FLOAT32, DType.BFLOAT16);

    static Operator of(
            String covers,
            List<Input> inputs,
            Function<Tensor[], Tensor> ours,
            Function<org.bytedeco.pytorch.Tensor[], org.bytedeco.pytorch.Tensor> theirs) {
        return new Operator(covers, inputs, ours, theirs, BOTH);
    }

    Operator only(DType type) {
        return new Operator(covers, inputs, ours, theirs, List.of(type));
    }

    /** This operator in all its types and, where there are images among the inputs, both memory formats. */
    Stream<Operator> variants() {
        boolean images = inputs.stream().anyMatch(input -> input.shape().rank() == 4);
        var formats = images
                ? List.of(MemoryFormat.CONTIGUOUS, MemoryFormat.CHANNELS_LAST)
                : List.of(MemoryFormat.CONTIGUOUS);
        return types.stream()
                .flatMap(type -> formats.stream()
                        .map(format -> new Operator(
                                covers,
                                inputs.stream()
                                        .map(input -> input.as(type, format))
                                        .toList(),
                                ours,
                                theirs,
                                List.of(type))));
    }

    @Override
    public String toString() {
        return covers + " " + inputs.stream().map(Input::shape).toList() + " " + types.getFirst()
                + (inputs.stream().anyMatch(input -> input.format() == MemoryFormat.CHANNELS_LAST)
                        ? " channels_last"
                        : "");
    }
}
