package ddpm.sampling;

import ddpm.torch.Tensor;

/** Where the z of recorded steps comes from: fixed memory that is written anew before it is read. */
interface StepNoise {
    /** The most steps that one launch may have with this noise. */
    int most();

    /** Makes room for launches of so many steps; not while they are recorded. */
    void reserve(int steps);

    /**
     * Does the host's work before steps {@code first, first - 1, ..} are run: none where the device makes its noise itself.
     *
     * @param offset added to the index of a step in the address of its noise: 0 but where a step is repeated
     * @param solver tells which steps add noise; for the others z is 0
     */
    void prepare(int first, int steps, int offset, Solver.Step solver);

    /**
     * The z of one step, recorded or run.
     *
     * @param place of the step in its launch, from 0
     * @param index the counter on the device, int64 {@code [1]}
     * @return standard normal, like x or broadcasting to it
     */
    Tensor z(int place, Tensor index);
}
