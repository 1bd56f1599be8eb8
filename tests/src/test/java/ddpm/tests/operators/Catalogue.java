package ddpm.tests.operators;

import static ddpm.tests.operators.Input.labels;
import static ddpm.tests.operators.Input.normal;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.MemoryFormat;
import ddpm.torch.Ops;
import ddpm.torch.Pointwise;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import ddpm.torch.cpp.CppTensors;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LayerNormFuncOptions;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.LongVector;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Every operator of this library on several shapes, odd ones among them; here those of {@link Ops} and {@link Tensor}. */
final class Catalogue {
    static {
        CppTensors.ready(); // before the first generated class: left alone, JavaCPP ends a JVM whose cache is empty
    }

    private Catalogue() {}

    static Stream<Operator> all() {
        return Stream.of(
                        convolutions(),
                        layers(),
                        images(),
                        reductions(),
                        products(),
                        pointwise(),
                        views(),
                        inPlace(),
                        PointwiseOperators.all(),
                        ReductionOperators.all(),
                        ShapingOperators.all())
                .flatMap(List::stream)
                .flatMap(Operator::variants);
    }

    private static List<Operator> convolutions() {
        var list = new ArrayList<Operator>();
        // B, C, H, W, O, kernel, stride, padding
        for (int[] c : new int[][] {
            {2, 3, 8, 8, 16, 3, 1, 1},
            {1, 16, 7, 5, 8, 3, 2, 0},
            {3, 5, 6, 9, 7, 1, 1, 0},
            {1, 1, 4, 4, 1, 4, 1, 3},
            {2, 64, 8, 8, 64, 3, 1, 1}
        }) {
            long[] stride = {c[6], c[6]};
            long[] padding = {c[7], c[7]};
            list.add(Operator.of(
                    "Ops.conv2d(Tensor,Tensor,Tensor,int,int)",
                    List.of(normal(c[0], c[1], c[2], c[3]), normal(c[4], c[1], c[5], c[5]), normal(c[4])),
                    x -> Ops.conv2d(x[0], x[1], x[2], c[6], c[7]),
                    x -> convolve(x[0], x[1], new TensorOptional(x[2]), stride, padding)));
            list.add(Operator.of(
                    "Ops.conv2d(Tensor,Tensor,Tensor,int,int)",
                    List.of(normal(c[0], c[1], c[2], c[3]), normal(c[4], c[1], c[5], c[5])),
                    x -> Ops.conv2d(x[0], x[1], null, c[6], c[7]),
                    x -> convolve(x[0], x[1], new TensorOptional(), stride, padding)));
        }
        // B, C, H, W, O, kernel, stride, padding
        for (int[] c : new int[][] {{2, 3, 8, 8, 16, 4, 2, 1}, {1, 16, 7, 5, 8, 3, 1, 0}, {3, 8, 4, 4, 8, 4, 2, 1}}) {
            list.add(Operator.of(
                    "Ops.convTranspose2d(Tensor,Tensor,Tensor,int,int)",
                    List.of(normal(c[0], c[1], c[2], c[3]), normal(c[1], c[4], c[5], c[5]), normal(c[4])),
                    x -> Ops.convTranspose2d(x[0], x[1], x[2], c[6], c[7]),
                    x -> torch.conv_transpose2d(
                            x[0],
                            x[1],
                            new TensorOptional(x[2]),
                            new long[] {c[6], c[6]},
                            new long[] {c[7], c[7]},
                            new long[] {0, 0},
                            1,
                            new long[] {1, 1})));
        }
        for (long[] shape : new long[][] {{2, 8, 4, 4}, {1, 32, 3, 5}, {3, 16}, {2, 4, 7}}) {
            long c = shape[1];
            for (int groups : new int[] {1, (int) c / 2, (int) c}) {
                list.add(Operator.of(
                        "Ops.groupNorm(Tensor,int,Tensor,Tensor,double)",
                        List.of(normal(shape), normal(c), normal(c)),
                        x -> Ops.groupNorm(x[0], groups, x[1], x[2], 1e-5),
                        x -> torch.group_norm(
                                x[0], groups, new TensorOptional(x[1]), new TensorOptional(x[2]), 1e-5, false)));
            }
        }
        return list;
    }

    /**
     * {@link Ops#conv2d} sends one small float32 image alone to oneDNN by name, so that it is rounded as it is in a batch,
     * and {@code at::conv2d} does not: there the second opinion is the generated binding of that operator.
     */
    private static org.bytedeco.pytorch.Tensor convolve(
            org.bytedeco.pytorch.Tensor x,
            org.bytedeco.pytorch.Tensor weight,
            TensorOptional bias,
            long[] stride,
            long[] padding) {
        long[] dilation = {1, 1};
        return x.size(0) == 1 && x.scalar_type().intern() == torch.ScalarType.Float
                ? torch.mkldnn_convolution(x, weight, bias, padding, stride, dilation, 1)
                : torch.conv2d(x, weight, bias, stride, padding, dilation, 1);
    }

    private static List<Operator> layers() {
        var list = new ArrayList<Operator>();
        // B, C, H, W, O, kernel, stride, padding, groups
        for (int[] c :
                new int[][] {{2, 4, 8, 8, 6, 3, 1, 1, 2}, {1, 8, 7, 5, 8, 3, 2, 0, 8}, {3, 6, 4, 4, 3, 1, 1, 0, 3}}) {
            list.add(Operator.of(
                    "Ops.conv2d(Tensor,Tensor,Tensor,int,int,int)",
                    List.of(normal(c[0], c[1], c[2], c[3]), normal(c[4], c[1] / c[8], c[5], c[5]), normal(c[4])),
                    x -> Ops.conv2d(x[0], x[1], x[2], c[6], c[7], c[8]),
                    x -> torch.conv2d(
                            x[0],
                            x[1],
                            new TensorOptional(x[2]),
                            new long[] {c[6], c[6]},
                            new long[] {c[7], c[7]},
                            new long[] {1, 1},
                            c[8])));
        }
        for (long[] shape : new long[][] {{2, 5, 16}, {3, 7}, {2, 3, 4, 5}}) {
            long[] last = {shape[shape.length - 1]};
            list.add(Operator.of(
                    "Ops.layerNorm(Tensor,Shape,Tensor,Tensor,double)",
                    List.of(normal(shape), normal(last), normal(last)),
                    x -> Ops.layerNorm(x[0], Shape.of(last), x[1], x[2], 1e-6),
                    x -> normalized(x[0], last, x[1], x[2])));
            list.add(Operator.of(
                    "Ops.layerNorm(Tensor,Shape,Tensor,Tensor,double)",
                    List.of(normal(shape)),
                    x -> Ops.layerNorm(x[0], x[0].shape(), null, null, 1e-6),
                    x -> normalized(x[0], shape, null, null)));
        }
        for (long[] indices : new long[][] {{4}, {2, 3}, {}}) {
            list.add(Operator.of(
                    "Ops.embedding(Tensor,Tensor)",
                    List.of(normal(9, 4), labels(9, indices)),
                    x -> Ops.embedding(x[0], x[1]),
                    x -> torch.embedding(x[0], x[1])));
        }
        for (boolean corners : new boolean[] {false, true}) {
            one(
                    list,
                    "Ops.upsampleBilinear2d(Tensor,int,int,boolean)",
                    normal(2, 3, 5, 4),
                    x -> Ops.upsampleBilinear2d(x, 8, 3, corners),
                    x -> torch.upsample_bilinear2d(
                            x, new long[] {8, 3}, corners, new DoubleOptional(), new DoubleOptional()));
        }
        return list;
    }

    private static org.bytedeco.pytorch.Tensor normalized(
            org.bytedeco.pytorch.Tensor x,
            long[] shape,
            org.bytedeco.pytorch.Tensor weight,
            org.bytedeco.pytorch.Tensor bias) {
        var options = new LayerNormFuncOptions(new LongVector(shape));
        options.eps().put(1e-6);
        if (weight != null) {
            options.weight().put(weight);
            options.bias().put(bias);
        }
        return torch.layer_norm(x, options);
    }

    private static List<Operator> images() {
        var list = new ArrayList<Operator>();
        for (long[] shape : new long[][] {{2, 3, 8, 8}, {1, 16, 5, 7}}) {
            for (int size : new int[] {1, 2, 3}) {
                long[] window = {size, size};
                long[] zero = {0, 0};
                list.add(Operator.of(
                        "Ops.avgPool2d(Tensor,int)",
                        List.of(normal(shape)),
                        x -> Ops.avgPool2d(x[0], size),
                        x -> torch.avg_pool2d(x[0], window, window, zero, false, true, new LongOptional())));
                list.add(Operator.of(
                        "Ops.maxPool2d(Tensor,int)",
                        List.of(normal(shape)),
                        x -> Ops.maxPool2d(x[0], size),
                        x -> torch.max_pool2d(x[0], window, window, zero, new long[] {1, 1}, false)));
                list.add(Operator.of(
                        "Ops.upsampleNearest2d(Tensor,int)",
                        List.of(normal(shape)),
                        x -> Ops.upsampleNearest2d(x[0], size),
                        x -> torch.upsample_nearest2d(
                                x[0],
                                new long[] {shape[2] * size, shape[3] * size},
                                new DoubleOptional(),
                                new DoubleOptional())));
            }
            list.add(Operator.of(
                    "Ops.padZeros(Tensor,int,int,int,int)",
                    List.of(normal(shape)),
                    x -> Ops.padZeros(x[0], 0, 1, 2, 3),
                    x -> torch.constant_pad_nd(x[0], 0, 1, 2, 3)));
            list.add(Operator.of(
                    "Ops.cat(int,Tensor[])",
                    List.of(normal(shape), normal(shape[0], 5, shape[2], shape[3])),
                    x -> Ops.cat(1, x[0], x[1]),
                    x -> torch.cat(new TensorVector(x[0], x[1]), 1)));
            list.add(Operator.of(
                    "Tensor.contiguous(MemoryFormat)",
                    List.of(normal(shape)),
                    x -> x[0].contiguous(MemoryFormat.CHANNELS_LAST),
                    x -> x[0].contiguous(torch.MemoryFormat.ChannelsLast)));
            list.add(Operator.of(
                    "Tensor.contiguous()", List.of(normal(shape)), x -> x[0].contiguous(), x -> x[0].contiguous()));
        }
        for (int factor : new int[] {1, 2, 3}) {
            list.add(Operator.of(
                    "Ops.pixelUnshuffle(Tensor,int)",
                    List.of(normal(2, 3, 12, 6)),
                    x -> Ops.pixelUnshuffle(x[0], factor),
                    x -> torch.pixel_unshuffle(x[0], factor)));
            list.add(Operator.of(
                    "Ops.pixelShuffle(Tensor,int)",
                    List.of(normal(2, 36, 2, 5)),
                    x -> Ops.pixelShuffle(x[0], factor),
                    x -> torch.pixel_shuffle(x[0], factor)));
        }
        // size, stride, padding
        for (int[] c : new int[][] {{3, 2, 1}, {2, 1, 0}, {3, 1, 1}}) {
            long[] window = {c[0], c[0]};
            long[] stride = {c[1], c[1]};
            long[] padding = {c[2], c[2]};
            var image = normal(2, 3, 7, 5);
            one(
                    list,
                    "Ops.avgPool2d(Tensor,int,int,int)",
                    image,
                    x -> Ops.avgPool2d(x, c[0], c[1], c[2]),
                    x -> torch.avg_pool2d(x, window, stride, padding, false, false, new LongOptional()));
            one(
                    list,
                    "Ops.maxPool2d(Tensor,int,int,int)",
                    image,
                    x -> Ops.maxPool2d(x, c[0], c[1], c[2]),
                    x -> torch.max_pool2d(x, window, stride, padding, new long[] {1, 1}, false));
        }
        list.add(Operator.of(
                "Ops.cat(int,Tensor[])",
                List.of(normal(3), normal(0), normal(4)),
                x -> Ops.cat(-1, x),
                x -> torch.cat(new TensorVector(x), -1)));
        return list;
    }

    private static List<Operator> reductions() {
        var list = new ArrayList<Operator>();
        var type = new ScalarTypeOptional();
        for (long[] shape : new long[][] {{2, 3, 4, 5}, {7}, {1, 1}, {33, 17}}) {
            int last = shape.length - 1;
            long[] dimensions = last > 0 ? new long[] {0, -1} : new long[] {0};
            list.add(Operator.of(
                    "Ops.softmax(Tensor,int)",
                    List.of(normal(shape)),
                    x -> Ops.softmax(x[0], -1),
                    x -> torch.softmax(x[0], -1)));
            list.add(Operator.of(
                    "Ops.logSoftmax(Tensor,int)",
                    List.of(normal(shape)),
                    x -> Ops.logSoftmax(x[0], 0),
                    x -> torch.log_softmax(x[0], 0)));
            list.add(Operator.of("Ops.sum(Tensor)", List.of(normal(shape)), x -> Ops.sum(x[0]), x -> torch.sum(x[0])));
            list.add(Operator.of(
                    "Ops.mean(Tensor)", List.of(normal(shape)), x -> Ops.mean(x[0]), x -> torch.mean(x[0])));
            list.add(Operator.of(
                    "Ops.sum(Tensor,long[])",
                    List.of(normal(shape)),
                    x -> Ops.sum(x[0], last),
                    x -> torch.sum(x[0], new long[] {last}, false, type)));
            list.add(Operator.of(
                    "Ops.mean(Tensor,long[])",
                    List.of(normal(shape)),
                    x -> Ops.mean(x[0], dimensions),
                    x -> torch.mean(x[0], dimensions, false, type)));
            list.add(Operator.of(
                    "Ops.mseLoss(Tensor,Tensor)",
                    List.of(normal(shape), normal(shape).constant()),
                    x -> Ops.mseLoss(x[0], x[1]),
                    x -> torch.mse_loss(x[0], x[1])));
            list.add(Operator.of(
                    "Ops.argmax(Tensor,int)",
                    List.of(normal(shape).constant()),
                    x -> Ops.argmax(x[0], -1),
                    x -> torch.argmax(x[0], new LongOptional(-1), false)));
        }
        list.add(Operator.of(
                "Ops.nllLoss(Tensor,Tensor)",
                List.of(normal(6, 10), labels(10, 6)),
                x -> Ops.nllLoss(x[0], x[1]),
                x -> torch.nll_loss(x[0], x[1])));
        list.add(Operator.of(
                "Ops.indexSelect(Tensor,int,Tensor)",
                List.of(normal(9, 4), labels(9, 13)),
                x -> Ops.indexSelect(x[0], 0, x[1]),
                x -> torch.index_select(x[0], 0, x[1])));
        list.add(Operator.of(
                "Ops.indexSelect(Tensor,int,Tensor)",
                List.of(normal(2, 3, 4, 5), labels(4, 6)),
                x -> Ops.indexSelect(x[0], -2, x[1]),
                x -> torch.index_select(x[0], -2, x[1])));
        return list;
    }

    private static List<Operator> products() {
        var list = new ArrayList<Operator>();
        for (long[] shape : new long[][] {{5}, {4, 7}, {2, 3, 6}, {1, 64}}) {
            long in = shape[shape.length - 1];
            list.add(Operator.of(
                    "Ops.linear(Tensor,Tensor,Tensor)",
                    List.of(normal(shape), normal(9, in), normal(9)),
                    x -> Ops.linear(x[0], x[1], x[2]),
                    x -> torch.linear(x[0], x[1], new TensorOptional(x[2]))));
            list.add(Operator.of(
                    "Ops.linear(Tensor,Tensor,Tensor)",
                    List.of(normal(shape), normal(9, in)),
                    x -> Ops.linear(x[0], x[1], null),
                    x -> torch.linear(x[0], x[1], new TensorOptional())));
        }
        for (long[][] pair : new long[][][] {{{3, 4}, {4, 5}}, {{2, 3, 4}, {2, 4, 5}}, {{2, 1, 3, 4}, {5, 4, 1}}}) {
            list.add(Operator.of(
                    "Ops.matmul(Tensor,Tensor)",
                    List.of(normal(pair[0]), normal(pair[1])),
                    x -> Ops.matmul(x[0], x[1]),
                    x -> torch.matmul(x[0], x[1])));
        }
        for (long[] q : new long[][] {{2, 1, 16, 32}, {1, 4, 9, 8}}) {
            list.add(Operator.of(
                    "Ops.attention(Tensor,Tensor,Tensor)",
                    List.of(normal(q), normal(q[0], q[1], 5, q[3]), normal(q[0], q[1], 5, q[3])),
                    x -> Ops.attention(x[0], x[1], x[2]),
                    x -> attend(x[0], x[1], x[2])));
        }
        for (long[] mask : new long[][] {{2, 3, 4, 5}, {4, 5}, {2, 1, 1, 5}}) {
            list.add(Operator.of(
                    "Ops.attention(Tensor,Tensor,Tensor,Tensor)",
                    List.of(
                            normal(2, 3, 4, 8),
                            normal(2, 3, 5, 8),
                            normal(2, 3, 5, 8),
                            normal(mask).constant()),
                    x -> Ops.attention(x[0], x[1], x[2], x[3]),
                    x -> masked(x, x[3])));
            list.add(Operator.of(
                    "Ops.attention(Tensor,Tensor,Tensor,Tensor)",
                    List.of(
                            normal(2, 3, 4, 8),
                            normal(2, 3, 5, 8),
                            normal(2, 3, 5, 8),
                            normal(mask).constant()),
                    x -> Ops.attention(x[0], x[1], x[2], Pointwise.gt(x[3], -1)),
                    x -> masked(x, torch.gt(x[3], new Scalar(-1)))));
        }
        for (String equation : List.of("bhqd,bhkd->bhqk", "bhqd, bhkd -> bq", "...qd,...kd->...qk")) {
            list.add(Operator.of(
                    "Ops.einsum(String,Tensor[])",
                    List.of(normal(2, 3, 4, 8), normal(2, 3, 5, 8)),
                    x -> Ops.einsum(equation, x),
                    x -> torch.einsum(equation, new TensorVector(x))));
        }
        list.add(Operator.of(
                "Ops.dot(Tensor,Tensor)",
                List.of(normal(1000), normal(1000)),
                x -> Ops.dot(x[0], x[1]),
                x -> torch.dot(x[0], x[1])));
        return list;
    }

    private static org.bytedeco.pytorch.Tensor masked(
            org.bytedeco.pytorch.Tensor[] x, org.bytedeco.pytorch.Tensor mask) {
        return torch.scaled_dot_product_attention(
                x[0], x[1], x[2], new TensorOptional(mask), 0, false, new DoubleOptional(), false);
    }

    /** In bfloat16 {@link Ops#attention} is two products, for the sake of their speed; so it is here. */
    private static org.bytedeco.pytorch.Tensor attend(
            org.bytedeco.pytorch.Tensor q, org.bytedeco.pytorch.Tensor k, org.bytedeco.pytorch.Tensor v) {
        if (q.scalar_type().intern() != torch.ScalarType.BFloat16) {
            return torch.scaled_dot_product_attention(q, k, v);
        }
        var scores = q.mul(new Scalar(1 / Math.sqrt(q.size(3)))).matmul(k.transpose(2, 3));
        return torch.softmax(scores.to(torch.ScalarType.Float), 3)
                .to(torch.ScalarType.BFloat16)
                .matmul(v);
    }

    private static List<Operator> pointwise() {
        var list = new ArrayList<Operator>();
        for (long[] shape : new long[][] {{2, 3, 4, 5}, {}, {0, 3}, {1023}}) {
            one(list, "Ops.silu(Tensor)", normal(shape), Ops::silu, torch::silu);
            one(list, "Ops.relu(Tensor)", normal(shape), Ops::relu, torch::relu);
            one(list, "Ops.exp(Tensor)", normal(shape), Ops::exp, torch::exp);
            one(list, "Ops.sin(Tensor)", normal(shape), Ops::sin, torch::sin);
            one(list, "Ops.cos(Tensor)", normal(shape), Ops::cos, torch::cos);
            one(list, "Ops.tanh(Tensor)", normal(shape), Ops::tanh, torch::tanh);
            one(list, "Ops.log(Tensor)", normal(shape).aboveZero(), Ops::log, torch::log);
            one(list, "Ops.sqrt(Tensor)", normal(shape).aboveZero(), Ops::sqrt, torch::sqrt);
            one(list, "Tensor.neg()", normal(shape), Tensor::neg, org.bytedeco.pytorch.Tensor::neg);
            one(
                    list,
                    "Ops.clamp(Tensor,double,double)",
                    normal(shape),
                    x -> Ops.clamp(x, -0.5, 1),
                    x -> torch.clamp(x, new ScalarOptional(new Scalar(-0.5)), new ScalarOptional(new Scalar(1.0))));
            one(list, "Tensor.mul(double)", normal(shape), x -> x.mul(2.3), x -> x.mul(new Scalar(2.3)));
            one(list, "Tensor.add(double)", normal(shape), x -> x.add(-0.7), x -> x.add(new Scalar(-0.7)));
        }
        for (long[][] pair : new long[][][] {
            {{2, 3, 4, 5}, {2, 3, 4, 5}}, {{2, 3, 4, 5}, {2, 3, 1, 1}}, {{3, 1}, {1, 4}}, {{6}, {}}, {{0, 2}, {1}}
        }) {
            var inputs = List.of(normal(pair[0]), normal(pair[1]));
            list.add(Operator.of("Tensor.add(Tensor)", inputs, x -> x[0].add(x[1]), x -> x[0].add(x[1])));
            list.add(Operator.of(
                    "Tensor.add(Tensor,double)",
                    inputs,
                    x -> x[0].add(x[1], -0.7),
                    x -> x[0].add(x[1], new Scalar(-0.7))));
            list.add(Operator.of("Tensor.sub(Tensor)", inputs, x -> x[0].sub(x[1]), x -> x[0].sub(x[1])));
            list.add(Operator.of("Tensor.mul(Tensor)", inputs, x -> x[0].mul(x[1]), x -> x[0].mul(x[1])));
            list.add(Operator.of("Tensor.div(Tensor)", inputs, x -> x[0].div(x[1]), x -> x[0].div(x[1])));
        }
        return list;
    }

    static void one(
            List<Operator> list,
            String covers,
            Input input,
            Function<Tensor, Tensor> ours,
            Function<org.bytedeco.pytorch.Tensor, org.bytedeco.pytorch.Tensor> theirs) {
        list.add(Operator.of(covers, List.of(input), x -> ours.apply(x[0]), x -> theirs.apply(x[0])));
    }

    private static List<Operator> views() {
        var list = new ArrayList<Operator>();
        var image = normal(2, 3, 4, 6);
        var plain = normal(6, 4);
        one(list, "Tensor.view(long[])", plain, x -> x.view(3, -1, 2), x -> x.view(3, 4, 2));
        one(list, "Tensor.reshape(long[])", image, x -> x.reshape(2, -1), x -> x.reshape(2, 72));
        one(list, "Tensor.permute(long[])", image, x -> x.permute(0, 2, 3, 1), x -> x.permute(0, 2, 3, 1));
        one(list, "Tensor.permute(long[])", plain, x -> x.permute(-1, 0), x -> x.permute(-1, 0));
        one(list, "Tensor.transpose(int,int)", image, x -> x.transpose(1, -1), x -> x.transpose(1, -1));
        one(list, "Tensor.narrow(int,long,long)", image, x -> x.narrow(-1, 2, 3), x -> x.narrow(-1, 2, 3));
        one(
                list,
                "Tensor.strided(long,long[],long[])",
                plain.constant(),
                x -> x.strided(1, new long[] {2, 2}, new long[] {3, 0}),
                x -> x.as_strided(new long[] {2, 2}, new long[] {3, 0}, new LongOptional(1)));
        one(list, "Tensor.copy()", image, Tensor::copy, org.bytedeco.pytorch.Tensor::clone);
        one(list, "Tensor.detach()", image.constant(), Tensor::detach, org.bytedeco.pytorch.Tensor::detach);
        one(list, "Tensor.on(Device)", image, x -> x.on(Device.CPU), org.bytedeco.pytorch.Tensor::alias);
        one(list, "Tensor.to(DType)", image, x -> x.to(DType.FLOAT64), x -> x.to(torch.ScalarType.Double));
        one(list, "Tensor.to(DType)", image, x -> x.to(DType.BFLOAT16), x -> x.to(torch.ScalarType.BFloat16));
        one(list, "Tensor.to(DType)", image.constant(), x -> x.to(DType.INT64), x -> x.to(torch.ScalarType.Long));
        return list;
    }

    private static List<Operator> inPlace() {
        var list = new ArrayList<Operator>();
        var target = normal(3, 5, 2, 4).constant();
        one(list, "Tensor.fill(double)", target, x -> x.fill(1.7), x -> x.fill_(new Scalar(1.7)));
        one(list, "Tensor.zero()", target, Tensor::zero, x -> {
            x.zero_();
            return x;
        });
        list.add(Operator.of(
                "Tensor.copyFrom(Tensor)",
                List.of(target, normal(5, 1, 4).constant()),
                x -> x[0].copyFrom(x[1]),
                x -> x[0].copy_(x[1])));
        list.add(Operator.of(
                "Ops.lerpInPlace(Tensor,Tensor,double)",
                List.of(target, normal(3, 5, 2, 4).constant()),
                x -> {
                    Ops.lerpInPlace(x[0], x[1], 0.25);
                    return x[0];
                },
                x -> x[0].lerp_(x[1], new Scalar(0.25))));
        list.add(Operator.of(
                "Ops.lerpInto(Tensor,Tensor,Tensor,Tensor)",
                List.of(
                        target,
                        normal(5, 1, 4).constant(),
                        normal(3, 1, 2, 4).constant(),
                        normal(5, 1, 1).constant()),
                x -> {
                    Ops.lerpInto(x[0], x[1], x[2], x[3]);
                    return x[0];
                },
                x -> torch.lerp_out(x[0], x[1], x[2], x[3])));
        list.add(Operator.of(
                "Ops.siluInPlace(Tensor)",
                List.of(target),
                x -> {
                    Ops.siluInPlace(x[0]);
                    return x[0];
                },
                x -> torch.silu_(x[0])));
        list.add(Operator.of(
                "Ops.mulInPlace(Tensor,Tensor)",
                List.of(target, normal().constant()),
                x -> {
                    Ops.mulInPlace(x[0], x[1]);
                    return x[0];
                },
                x -> x[0].mul_(x[1])));
        made(
                list,
                "Tensor.zeros(Shape,DType,Device)",
                () -> Tensor.zeros(Shape.of(2, 0, 3), DType.INT32, Device.CPU),
                () -> torch.zeros(2, 0, 3).to(torch.ScalarType.Int));
        made(
                list,
                "Tensor.full(Shape,double,DType,Device)",
                () -> Tensor.full(Shape.of(2), 0.1, DType.FLOAT64, Device.CPU),
                () -> torch.zeros(2).to(torch.ScalarType.Double).fill_(new Scalar(0.1)));
        made(list, "Tensor.scalar(float)", () -> Tensor.scalar(0.1f), () -> torch.full(new long[0], new Scalar(0.1f)));
        return list;
    }

    static void made(
            List<Operator> list, String covers, Supplier<Tensor> ours, Supplier<org.bytedeco.pytorch.Tensor> theirs) {
        list.add(Operator.of(covers, List.of(), _ -> ours.get(), _ -> theirs.get())
                .only(DType.FLOAT32));
    }
}
