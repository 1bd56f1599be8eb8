package ddpm.tests.operators;

import static ddpm.tests.operators.Input.normal;

import ddpm.torch.Reductions;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.global.torch;

/** Every operator of {@link Reductions}. */
final class ReductionOperators {
    private ReductionOperators() {}

    static List<Operator> all() {
        var list = new ArrayList<Operator>();
        var type = new ScalarTypeOptional();
        for (long[] shape : new long[][] {{2, 3, 4, 5}, {7}, {2, 2}, {33, 17}}) {
            var x = normal(shape);
            long[] dimensions = shape.length > 1 ? new long[] {0, -1} : new long[] {-1};
            for (boolean keep : new boolean[] {false, true}) {
                Catalogue.one(
                        list,
                        "Reductions.sum(Tensor,boolean,long[])",
                        x,
                        v -> Reductions.sum(v, keep, dimensions),
                        v -> torch.sum(v, dimensions, keep, type));
                Catalogue.one(
                        list,
                        "Reductions.mean(Tensor,boolean,long[])",
                        x,
                        v -> Reductions.mean(v, keep, dimensions),
                        v -> torch.mean(v, dimensions, keep, type));
                Catalogue.one(
                        list,
                        "Reductions.var(Tensor,boolean,boolean,long[])",
                        x,
                        v -> Reductions.var(v, !keep, keep, dimensions),
                        v -> torch.var(v, dimensions, !keep, keep));
                for (int dimension : new int[] {0, -1}) {
                    Catalogue.one(
                            list,
                            "Reductions.max(Tensor,int,boolean)",
                            x,
                            v -> Reductions.max(v, dimension, keep).values(),
                            v -> torch.max(v, dimension, keep).get0());
                    Catalogue.one(
                            list,
                            "Reductions.min(Tensor,int,boolean)",
                            x,
                            v -> Reductions.min(v, dimension, keep).values(),
                            v -> torch.min(v, dimension, keep).get0());
                    Catalogue.one(
                            list,
                            "Reductions.max(Tensor,int,boolean)",
                            x.constant(),
                            v -> Reductions.max(v, dimension, keep).indices(),
                            v -> torch.max(v, dimension, keep).get1());
                }
            }
            Catalogue.one(list, "Reductions.max(Tensor)", x, Reductions::max, torch::max);
            Catalogue.one(list, "Reductions.min(Tensor)", x, Reductions::min, torch::min);
            Catalogue.one(
                    list,
                    "Reductions.argmin(Tensor,int)",
                    x.constant(),
                    v -> Reductions.argmin(v, -1),
                    v -> torch.argmin(v, new LongOptional(-1), false));
            Catalogue.one(
                    list, "Reductions.cumsum(Tensor,int)", x, v -> Reductions.cumsum(v, -1), v -> torch.cumsum(v, -1));
        }
        return list;
    }
}
