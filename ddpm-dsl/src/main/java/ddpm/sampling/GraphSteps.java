package ddpm.sampling;

/**
 * How many steps of sampling one launch of a CUDA graph makes. CPUs know no graphs and run every step by itself.
 *
 * @param kind whether the number is given
 * @param count steps per launch, at least 1 where it is given, else 0
 */
public record GraphSteps(Kind kind, int count) {
    /** Who decides the number. */
    public enum Kind {
        /** As many as fit a budget of graph nodes; no graph where the model cannot be captured, with a note. */
        AUTO,
        /** No graph. */
        NONE,
        /** The given number. */
        SOME,
        /** The whole loop in one launch, if this CUDA has conditional nodes; else as AUTO, with a note. */
        ALL
    }

    public static final GraphSteps AUTO = new GraphSteps(Kind.AUTO, 0);
    public static final GraphSteps NONE = new GraphSteps(Kind.NONE, 0);
    public static final GraphSteps ALL = new GraphSteps(Kind.ALL, 0);

    public GraphSteps {
        if (kind == Kind.SOME ? count < 1 : count != 0) {
            throw new IllegalArgumentException(count + " steps per launch of a graph: at least 1");
        }
    }

    /** @param count at least 1 */
    public static GraphSteps of(int count) {
        return new GraphSteps(Kind.SOME, count);
    }

    /**
     * Reads {@code auto}, {@code none}, {@code all} or a number.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static GraphSteps parse(String text) {
        return switch (text) {
            case "auto" -> AUTO;
            case "none" -> NONE;
            case "all" -> ALL;
            default -> {
                if (!text.matches("[1-9]\\d{0,5}")) {
                    throw new IllegalArgumentException(
                            "'" + text + "' is no number of steps per launch: use auto, none, all, or 1 to 999999");
                }
                yield of(Integer.parseInt(text));
            }
        };
    }

    @Override
    public String toString() {
        return kind == Kind.SOME ? Integer.toString(count) : kind.name().toLowerCase(java.util.Locale.ROOT);
    }
}
