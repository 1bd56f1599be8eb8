package ddpm.eval.quality;

import ddpm.torch.DType;
import ddpm.torch.Tensor;
import ddpm.torch.TensorScope;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The nearest of many images to each of some, by the Euclidean distance of their features (Fig. 12 and 15 of Ho et al. 2020). The
 * many come batch by batch and are not kept, so a training set of any size takes constant memory.
 */
public final class NearestNeighbours implements AutoCloseable {
    private static final int BATCH = 256;

    private final Tensor queries;
    private final Tensor querySquares;
    private final int count;
    private final int k;
    private final int[] indices;
    private final double[] squares;
    private int seen;

    /**
     * Begins a search.
     *
     * @param queries {@code [N, D]}
     * @param k neighbours of each, at least 1
     */
    public NearestNeighbours(Tensor queries, int k) {
        if (queries.shape().rank() != 2 || k < 1) {
            throw new IllegalArgumentException(
                    k + " neighbours (at least 1) of features " + queries.shape() + ", which are [N, D]");
        }
        this.count = (int) queries.shape().size(0);
        this.k = k;
        this.indices = new int[count * k];
        this.squares = new double[count * k];
        Arrays.fill(indices, -1);
        Arrays.fill(squares, Double.POSITIVE_INFINITY);
        try (var _ = TensorScope.open()) {
            this.queries = TensorScope.detach(queries.to(DType.FLOAT64).copy());
            this.querySquares = TensorScope.detach(Distances.squares(this.queries));
        }
    }

    /**
     * Looks at more candidates, which are numbered in the order they come.
     *
     * @param candidates {@code [M, D]}
     */
    public void add(Tensor candidates) {
        if (candidates.shape().rank() != 2
                || candidates.shape().size(1) != queries.shape().size(1)) {
            throw new IllegalArgumentException(
                    "features " + candidates.shape() + " among which to search for the nearest to " + queries.shape());
        }
        int m = (int) candidates.shape().size(0);
        var distances = Distances.squared(queries, querySquares, candidates);
        for (int i = 0; i < count; i++) {
            for (int j = 0; j < m; j++) {
                insert(i, seen + j, Math.max(0, distances[i * m + j]));
            }
        }
        seen += m;
    }

    /**
     * Looks at many candidates, as {@link #add} batch by batch.
     *
     * @param candidates {@code [M, D]}
     */
    public void addAll(Tensor candidates) {
        long m = candidates.shape().size(0);
        for (long from = 0; from < m; from += BATCH) {
            try (var _ = TensorScope.open()) {
                add(candidates.narrow(0, from, Math.min(BATCH, m - from)));
            }
        }
    }

    /** Puts a candidate where it belongs among the nearest so far; of equal distances the earlier stays ahead. */
    private void insert(int query, int candidate, double square) {
        int at = (query + 1) * k;
        while (at > query * k && square < squares[at - 1]) {
            at--;
        }
        int last = (query + 1) * k - 1;
        if (at > last) {
            return;
        }
        System.arraycopy(squares, at, squares, at + 1, last - at);
        System.arraycopy(indices, at, indices, at + 1, last - at);
        squares[at] = square;
        indices[at] = candidate;
    }

    /**
     * The number of a neighbour among the candidates, or -1 if there were too few.
     *
     * @param rank 0 for the nearest
     */
    public int index(int query, int rank) {
        return indices[query * k + rank];
    }

    /** The distance of a neighbour, infinite if there were too few candidates. */
    public double distance(int query, int rank) {
        return Math.sqrt(square(query, rank));
    }

    double square(int query, int rank) {
        return squares[query * k + rank];
    }

    /** The distances of the nearest to queries {@code from..to-1}. */
    public double[] nearest(int from, int to) {
        return IntStream.range(from, to).mapToDouble(i -> distance(i, 0)).toArray();
    }

    /** Frees the queries. */
    @Override
    public void close() {
        queries.close();
        querySquares.close();
    }
}
