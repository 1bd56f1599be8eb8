package ddpm.tests.operators;

import static ddpm.tests.operators.Input.labels;
import static ddpm.tests.operators.Input.normal;

import ddpm.torch.Ops;
import ddpm.torch.Pointwise;
import ddpm.torch.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.global.torch;

/** Every operator of {@link Pointwise}, and arithmetic with numbers. */
final class PointwiseOperators {
    private static final long[][] SHAPES = {{2, 3, 4, 5}, {}, {0, 3}, {1023}};
    private static final long[][][] PAIRS = {
        {{2, 3, 4, 5}, {2, 3, 4, 5}}, {{2, 3, 4, 5}, {2, 3, 1, 1}}, {{3, 1}, {1, 4}}, {{6}, {}}, {{0, 2}, {1}}
    };

    private PointwiseOperators() {}

    static List<Operator> all() {
        var list = new ArrayList<Operator>();
        for (long[] shape : SHAPES) {
            var x = normal(shape);
            var positive = normal(shape).aboveZero();
            Catalogue.one(list, "Pointwise.gelu(Tensor)", x, Pointwise::gelu, torch::gelu);
            Catalogue.one(list, "Pointwise.geluTanh(Tensor)", x, Pointwise::geluTanh, v -> torch.gelu(v, "tanh"));
            Catalogue.one(list, "Pointwise.sigmoid(Tensor)", x, Pointwise::sigmoid, torch::sigmoid);
            Catalogue.one(
                    list,
                    "Pointwise.softplus(Tensor)",
                    x,
                    Pointwise::softplus,
                    v -> torch.logaddexp(v, torch.zeros(new long[0]).to(v.scalar_type())));
            Catalogue.one(list, "Pointwise.rsqrt(Tensor)", positive, Pointwise::rsqrt, torch::rsqrt);
            Catalogue.one(list, "Pointwise.abs(Tensor)", x, Pointwise::abs, torch::abs);
            Catalogue.one(
                    list,
                    "Pointwise.pow(Tensor,double)",
                    positive,
                    v -> Pointwise.pow(v, 1.7),
                    v -> torch.pow(v, number(v, 1.7)));
            Catalogue.one(list, "Tensor.sub(double)", x, v -> v.sub(0.7), v -> v.sub(new Scalar(0.7)));
            Catalogue.one(list, "Tensor.rsub(double)", x, v -> v.rsub(0.7), v -> torch.rsub(v, new Scalar(0.7)));
            Catalogue.one(list, "Tensor.div(double)", x, v -> v.div(2.3), v -> v.div(new Scalar(2.3)));
            compared(list, "eq", x, Pointwise::eq, torch::eq);
            compared(list, "ne", x, Pointwise::ne, torch::ne);
            compared(list, "lt", x, Pointwise::lt, torch::lt);
            compared(list, "le", x, Pointwise::le, torch::le);
            compared(list, "gt", x, Pointwise::gt, torch::gt);
            compared(list, "ge", x, Pointwise::ge, torch::ge);
        }
        for (long[][] pair : PAIRS) {
            var a = normal(pair[0]);
            var b = normal(pair[1]);
            two(list, "pow", a.aboveZero(), b, Pointwise::pow, torch::pow);
            two(list, "maximum", a, b, Pointwise::maximum, torch::maximum);
            two(list, "minimum", a, b, Pointwise::minimum, torch::minimum);
            two(list, "eq", a.constant(), b.constant(), Pointwise::eq, torch::eq);
            two(list, "ne", a.constant(), b.constant(), Pointwise::ne, torch::ne);
            two(list, "lt", a.constant(), b.constant(), Pointwise::lt, torch::lt);
            two(list, "le", a.constant(), b.constant(), Pointwise::le, torch::le);
            two(list, "gt", a.constant(), b.constant(), Pointwise::gt, torch::gt);
            two(list, "ge", a.constant(), b.constant(), Pointwise::ge, torch::ge);
            list.add(Operator.of(
                    "Pointwise.where(Tensor,Tensor,Tensor)",
                    List.of(a.constant(), a, b),
                    x -> Pointwise.where(Pointwise.gt(x[0], 0), x[1], x[2]),
                    x -> torch.where(torch.gt(x[0], new Scalar(0)), x[1], x[2])));
        }
        list.add(Operator.of(
                "Pointwise.eq(Tensor,double)",
                List.of(labels(4, 9)),
                x -> Pointwise.eq(x[0], 2),
                x -> torch.eq(x[0], new Scalar(2L))));
        list.add(Operator.of(
                "Ops.call(String,Object[])",
                List.of(normal(5, 4)),
                x -> Ops.call("aten::gelu", x[0], "tanh"),
                x -> torch.gelu(x[0], "tanh")));
        return list;
    }

    private static org.bytedeco.pytorch.Tensor number(org.bytedeco.pytorch.Tensor like, double value) {
        return torch.full(new long[0], new Scalar(value)).to(like.scalar_type());
    }

    /** Results are of type bool and have no gradient. */
    private static void compared(
            List<Operator> list,
            String name,
            Input x,
            BiFunction<Tensor, Double, Tensor> ours,
            BiFunction<org.bytedeco.pytorch.Tensor, Scalar, org.bytedeco.pytorch.Tensor> theirs) {
        Catalogue.one(
                list,
                "Pointwise." + name + "(Tensor,double)",
                x.constant(),
                v -> ours.apply(v, 0.3),
                v -> theirs.apply(v, new Scalar(0.3)));
    }

    private static void two(
            List<Operator> list,
            String name,
            Input a,
            Input b,
            BiFunction<Tensor, Tensor, Tensor> ours,
            BiFunction<org.bytedeco.pytorch.Tensor, org.bytedeco.pytorch.Tensor, org.bytedeco.pytorch.Tensor> theirs) {
        list.add(Operator.of(
                "Pointwise." + name + "(Tensor,Tensor)",
                List.of(a, b),
                x -> ours.apply(x[0], x[1]),
                x -> theirs.apply(x[0], x[1])));
    }
}
