package ddpm.nn;

import ddpm.torch.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A set of tensors does not fit a network; the message lists what is missing, unknown or misshapen. */
public final class MismatchException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    /** Of each kind; a file may hold a million tensors. */
    private static final int LISTED = 500;

    private MismatchException(String message) {
        super(message);
    }

    /**
     * Checks that exactly the wanted tensors are given.
     *
     * @param wanted shapes by name, in whichever project's spelling the reader shall see
     * @param given likewise
     * @throws MismatchException listing what is missing, unknown or of another shape
     */
    public static void check(Map<String, Shape> wanted, Map<String, Shape> given) {
        var missing = new ArrayList<String>();
        var misshapen = new ArrayList<String>();
        wanted.forEach((name, shape) -> {
            var found = given.get(name);
            if (found == null) {
                missing.add(name + " " + shape);
            } else if (!found.equals(shape)) {
                misshapen.add(name + " is " + found + ", not " + shape);
            }
        });
        var unknown = given.keySet().stream()
                .filter(name -> !wanted.containsKey(name))
                .toList();
        if (!missing.isEmpty() || !misshapen.isEmpty() || !unknown.isEmpty()) {
            var message = new StringBuilder("the tensors do not fit the network");
            list(message, "missing", missing);
            list(message, "of the wrong shape", misshapen);
            list(message, "unknown", unknown);
            throw new MismatchException(message.toString());
        }
    }

    private static void list(StringBuilder message, String what, List<String> names) {
        if (!names.isEmpty()) {
            message.append("\n  ").append(names.size()).append(' ').append(what).append(':');
            names.stream()
                    .limit(LISTED)
                    .forEach(name -> message.append("\n    ").append(name));
            if (names.size() > LISTED) {
                message.append("\n    and ").append(names.size() - LISTED).append(" more");
            }
        }
    }
}
