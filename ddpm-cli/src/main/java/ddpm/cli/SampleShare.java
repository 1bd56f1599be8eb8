package ddpm.cli;

/**
 * The batches of a plan that one of several processes draws: every {@code ranks}-th. They are drawn whole, so that an image
 * has the same neighbours, and so the same bits, whoever draws it.
 *
 * @param rank from 0
 * @param ranks how many processes there are
 * @param skipExisting whether batches whose files are all there are left out
 */
record SampleShare(int rank, int ranks, boolean skipExisting) {
    /** Whether this process draws a batch, counted from 0. */
    boolean has(int batch, SampleOutput output, long first, int images) {
        return batch % ranks == rank && !(skipExisting && output.has(first, images));
    }
}
