package ddpm.diffusion;

import ddpm.torch.Device;
import ddpm.torch.Ops;
import ddpm.torch.Shape;
import ddpm.torch.Tensor;
import java.util.Arrays;

/** A table's values on a device, in float32, looked up by tensors of indices. */
public final class DeviceTable {
    private final Tensor values;

    /** Copies a table to a device; the values belong to the current scope. */
    public DeviceTable(Table table, Device device) {
        this.values = Tensor.of(table.floats(), Shape.of(table.size())).on(device);
    }

    /**
     * Looks up one factor for each image.
     *
     * @param indices {@code [B]}, int64, each in the table's range
     * @return {@code [B, 1, 1, 1]}, one factor per image
     */
    public Tensor at(Tensor indices) {
        return at(indices, 4);
    }

    /**
     * Looks up one factor for each example of a rank other than images'.
     *
     * @return {@code [B, 1, ..]} of this rank
     */
    public Tensor at(Tensor indices, int rank) {
        var shape = new long[rank];
        Arrays.fill(shape, 1);
        shape[0] = -1;
        return Ops.indexSelect(values, 0, indices).view(shape);
    }
}
