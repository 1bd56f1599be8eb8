package ddpm.diffusion;

import java.util.function.IntToDoubleFunction;

/**
 * One float64 number per timestep, {@code t = 0..size()-1}. Immutable.
 *
 * <p>Tables stay in float64 until a model's tensors ask for them: 1 - alphasCumprod is a difference of nearly equal
 * numbers at small t and loses half of float32's digits.
 */
public final class Table {
    private final double[] values;

    private Table(double[] values) {
        this.values = values;
    }

    /** A table that holds a copy of {@code values}. */
    public static Table copyOf(double[] values) {
        return new Table(values.clone());
    }

    /** The table of {@code f(0), .., f(size-1)}, evaluated in that order. */
    public static Table of(int size, IntToDoubleFunction f) {
        var values = new double[size];
        for (int t = 0; t < size; t++) {
            values[t] = f.applyAsDouble(t);
        }
        return new Table(values);
    }

    /** The number of timesteps. */
    public int size() {
        return values.length;
    }

    /**
     * The entry for timestep {@code t}.
     *
     * @throws IndexOutOfBoundsException unless 0 &lt;= t &lt; size()
     */
    public double at(int t) {
        if (t < 0 || t >= values.length) {
            throw new IndexOutOfBoundsException("timestep " + t + " is outside 0.." + (values.length - 1));
        }
        return values[t];
    }

    /** A fresh array of all entries, by t. */
    public double[] doubles() {
        return values.clone();
    }

    /** A fresh array of all entries, by t, each rounded to the nearest float. */
    public float[] floats() {
        var floats = new float[values.length];
        for (int t = 0; t < floats.length; t++) {
            floats[t] = (float) values[t];
        }
        return floats;
    }
}
