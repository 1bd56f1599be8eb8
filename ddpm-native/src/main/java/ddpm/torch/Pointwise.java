package ddpm.torch;

/**
 * Functions of single elements, with broadcasting where there are several tensors: activations, powers, comparisons and
 * choices. Those that every network here needs ({@code silu}, {@code relu}, {@code exp}, {@code log}, {@code sqrt},
 * {@code tanh}, {@code sin}, {@code cos}, {@code clamp}) are in {@link Ops}, arithmetic is in {@link Tensor}.
 */
public final class Pointwise {
    private static final Op GELU = new Op("aten::gelu");
    private static final Op SIGMOID = new Op("aten::sigmoid");
    private static final Op LOG_ADD_EXP = new Op("aten::logaddexp");
    private static final Op RSQRT = new Op("aten::rsqrt");
    private static final Op ABS = new Op("aten::abs");
    private static final Op POW = new Op("aten::pow", "Tensor_Tensor");
    private static final Op MAXIMUM = new Op("aten::maximum");
    private static final Op MINIMUM = new Op("aten::minimum");
    private static final Op WHERE = new Op("aten::where", "self");
    private static final Op EQ = new Op("aten::eq", "Tensor");
    private static final Op NE = new Op("aten::ne", "Tensor");
    private static final Op LT = new Op("aten::lt", "Tensor");
    private static final Op LE = new Op("aten::le", "Tensor");
    private static final Op GT = new Op("aten::gt", "Tensor");
    private static final Op GE = new Op("aten::ge", "Tensor");

    private Pointwise() {}

    // ---- Activations and powers -----------------------------------------------------------------------------------

    /** {@code x Phi(x)} with the normal distribution's Phi (Hendrycks and Gimpel 2016). */
    public static Tensor gelu(Tensor x) {
        return GELU.call().tensor(floating("gelu", x)).string("none").one();
    }

    /** {@link #gelu} by its approximation with a hyperbolic tangent, as GPT-2 and DiT have it. */
    public static Tensor geluTanh(Tensor x) {
        return GELU.call().tensor(floating("geluTanh", x)).string("tanh").one();
    }

    /** {@code 1 / (1 + exp(-x))}. */
    public static Tensor sigmoid(Tensor x) {
        return SIGMOID.call().tensor(x).one();
    }

    /** {@code log(1 + exp(x))}, without overflow for large x. */
    public static Tensor softplus(Tensor x) {
        var zero = Tensor.zeros(Shape.of(), floating("softplus", x).dtype(), x.device());
        return LOG_ADD_EXP.call().tensor(x).tensor(zero).one();
    }

    /** {@code 1 / sqrt(x)}. */
    public static Tensor rsqrt(Tensor x) {
        return RSQRT.call().tensor(x).one();
    }

    public static Tensor abs(Tensor x) {
        return ABS.call().tensor(x).one();
    }

    /** {@code x} to the power of {@code exponent}. */
    public static Tensor pow(Tensor x, Tensor exponent) {
        return broadcast("pow", POW, x, exponent);
    }

    /** {@code x} to the power of a number. */
    public static Tensor pow(Tensor x, double exponent) {
        return pow(x, number("pow", x, exponent));
    }

    // ---- Comparisons and choices ----------------------------------------------------------------------------------

    /** The larger of two elements; NaN if one is. */
    public static Tensor maximum(Tensor a, Tensor b) {
        return broadcast("maximum", MAXIMUM, a, b);
    }

    /** The smaller of two elements; NaN if one is. */
    public static Tensor minimum(Tensor a, Tensor b) {
        return broadcast("minimum", MINIMUM, a, b);
    }

    /**
     * The element of {@code a} where the condition holds, else that of {@code b}.
     *
     * @param condition of type bool, as comparisons give it
     */
    public static Tensor where(Tensor condition, Tensor a, Tensor b) {
        if (condition.dtype() != DType.BOOL) {
            throw new IllegalArgumentException("where: a condition of type " + condition.dtype() + ": bool is needed");
        }
        Broadcast.check("where", a.shape(), b.shape());
        Broadcast.check("where", condition.shape(), a.shape());
        Broadcast.check("where", condition.shape(), b.shape());
        return WHERE.call().tensor(condition).tensor(a).tensor(b).one();
    }

    /** Whether elements are equal; of type bool, as all comparisons are. */
    public static Tensor eq(Tensor a, Tensor b) {
        return broadcast("eq", EQ, a, b);
    }

    public static Tensor eq(Tensor a, double b) {
        return eq(a, number("eq", a, b));
    }

    public static Tensor ne(Tensor a, Tensor b) {
        return broadcast("ne", NE, a, b);
    }

    public static Tensor ne(Tensor a, double b) {
        return ne(a, number("ne", a, b));
    }

    /** Whether elements of {@code a} are less than those of {@code b}. */
    public static Tensor lt(Tensor a, Tensor b) {
        return broadcast("lt", LT, a, b);
    }

    public static Tensor lt(Tensor a, double b) {
        return lt(a, number("lt", a, b));
    }

    public static Tensor le(Tensor a, Tensor b) {
        return broadcast("le", LE, a, b);
    }

    public static Tensor le(Tensor a, double b) {
        return le(a, number("le", a, b));
    }

    /** Whether elements of {@code a} are greater than those of {@code b}. */
    public static Tensor gt(Tensor a, Tensor b) {
        return broadcast("gt", GT, a, b);
    }

    public static Tensor gt(Tensor a, double b) {
        return gt(a, number("gt", a, b));
    }

    public static Tensor ge(Tensor a, Tensor b) {
        return broadcast("ge", GE, a, b);
    }

    public static Tensor ge(Tensor a, double b) {
        return ge(a, number("ge", a, b));
    }

    // ---- Checks ---------------------------------------------------------------------------------------------------

    private static Tensor broadcast(String name, Op op, Tensor a, Tensor b) {
        Broadcast.check(name, a.shape(), b.shape());
        return op.call().tensor(a).tensor(b).one();
    }

    private static Tensor floating(String op, Tensor x) {
        if (!x.dtype().isFloating()) {
            throw new IllegalArgumentException(op + " of type " + x.dtype() + ": convert it to float first");
        }
        return x;
    }

    /** A number in x's type; integers take whole numbers only, which would otherwise be cut off in silence. */
    private static Tensor number(String op, Tensor x, double value) {
        if (!x.dtype().isFloating() && value != Math.rint(value)) {
            throw new IllegalArgumentException(
                    op + " of type " + x.dtype() + " with " + value + ": convert the tensor to float first");
        }
        return Tensor.full(Shape.of(), value, x.dtype(), x.device());
    }
}
