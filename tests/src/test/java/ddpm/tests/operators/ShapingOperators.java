package ddpm.tests.operators;

import static ddpm.tests.operators.Input.labels;
import static ddpm.tests.operators.Input.normal;

import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shaping;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Every operator of {@link Shaping}, and operators that return several tensors. */
final class ShapingOperators {
    private ShapingOperators() {}

    static List<Operator> all() {
        var list = new ArrayList<Operator>();
        var image = normal(2, 3, 4, 6);
        for (int piece : new int[] {0, 1}) {
            Catalogue.one(
                    list,
                    "Shaping.chunk(Tensor,int,int)",
                    image,
                    x -> Shaping.chunk(x, 2, -3).get(piece),
                    x -> torch.chunk(x, 2, -3).get(piece));
            Catalogue.one(
                    list,
                    "Shaping.split(Tensor,long,int)",
                    image,
                    x -> Shaping.split(x, 4, -1).get(piece),
                    x -> torch.split(x, 4, -1).get(piece));
            Catalogue.one(
                    list,
                    "Ops.callAll(String,Object[])",
                    image,
                    x -> Ops.callAll("aten::unbind.int", x, 0).get(piece),
                    x -> torch.unbind(x, 0).get(piece));
        }
        for (int dimension : new int[] {0, 2, -1}) {
            list.add(Operator.of(
                    "Shaping.stack(int,Tensor[])",
                    List.of(normal(3, 4), normal(3, 4)),
                    x -> Shaping.stack(dimension, x),
                    x -> torch.stack(new TensorVector(x), dimension)));
            Catalogue.one(
                    list,
                    "Shaping.unsqueeze(Tensor,int)",
                    normal(3, 4),
                    x -> Shaping.unsqueeze(x, dimension),
                    x -> torch.unsqueeze(x, dimension));
        }
        Catalogue.one(
                list, "Shaping.squeeze(Tensor,int)", normal(3, 1, 4), x -> Shaping.squeeze(x, -2), x -> x.squeeze(-2));
        Catalogue.one(
                list,
                "Shaping.expand(Tensor,long[])",
                normal(3, 1, 4),
                x -> Shaping.expand(x, 2, -1, 5, 4),
                x -> x.expand(2, -1, 5, 4));
        list.add(Operator.of(
                "Shaping.gather(Tensor,int,Tensor)",
                List.of(normal(3, 5), labels(5, 3, 7)),
                x -> Shaping.gather(x[0], -1, x[1]),
                x -> torch.gather(x[0], -1, x[1])));
        Catalogue.one(
                list,
                "Shaping.windows(Tensor,int,int)",
                image,
                x -> Shaping.windows(x, 1, 2),
                x -> x.unfold(1, 2, 1).permute(0, 1, 4, 2, 3));
        Catalogue.one(list, "Shaping.flip(Tensor,long[])", image, x -> Shaping.flip(x, 0, -1), x -> x.flip(0, -1));
        Catalogue.made(
                list,
                "Shaping.arange(long,long,Device)",
                () -> Shaping.arange(-2, 5, Device.CPU),
                () -> torch.arange(new Scalar(-2L), new Scalar(5L)));
        return list;
    }
}
