package ddpm.torch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/**
 * The schema of one operator of the dispatcher, as libtorch writes it:
 * {@code aten::gelu(Tensor self, *, str approximate="none") -> Tensor}.
 *
 * <p>The C ABI cannot be asked for schemas, so those that a range of libtorchs have in common are a resource, which a test
 * compares with what the dispatcher has.
 *
 * @param text the whole schema
 * @param arguments in order
 * @param returns the types of the results
 * @param op the operator, ready to be called
 */
record Schema(String text, List<SchemaArgument> arguments, List<String> returns, Op op) {
    private static final String RESOURCE = "schemas.txt";

    /** The first line of the resource. */
    private static final Pattern VERSIONS = Pattern.compile("# libtorch 2\\.(\\d+) to 2\\.(\\d+)");

    private static final Pattern VERSION = Pattern.compile("2\\.(\\d+)\\..*");

    private static final Map<String, Schema> PARSED = new ConcurrentHashMap<>();

    /** The resource: the first and last minor version of its libtorchs, and schemas by operator name and overload. */
    private record All(int first, int last, Map<String, String> texts) {
        private static All read() {
            try (var in = new BufferedReader(
                    new InputStreamReader(Schema.class.getResourceAsStream(RESOURCE), StandardCharsets.UTF_8))) {
                var versions = VERSIONS.matcher(in.readLine());
                if (!versions.matches()) {
                    throw new IllegalStateException(RESOURCE + " says not for which libtorchs it is");
                }
                var texts = new HashMap<String, String>();
                in.lines().forEach(line -> texts.put(line.substring(0, line.indexOf('(')), line));
                return new All(Integer.parseInt(versions.group(1)), Integer.parseInt(versions.group(2)), texts);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void requireThisLibtorch() {
            var version = LibTorch.load().version();
            var matcher = VERSION.matcher(version);
            int minor = matcher.matches() ? Integer.parseInt(matcher.group(1)) : -1;
            if (minor < first || minor > last) {
                throw new TorchException("calls by name are checked by schemas of libtorch 2." + first + " to 2." + last
                        + ", and this process runs on " + version
                        + ", whose schemas may differ: use the typed operators,"
                        + " or the bundled libtorch");
            }
        }
    }

    /** Read at the first call by name. */
    private static final class Lazy {
        static final All ALL = All.read();
    }

    /**
     * Finds a schema.
     *
     * @param operator name and overload, such as {@code aten::sum.dim_IntList}
     * @throws IllegalArgumentException if there is no such operator
     * @throws TorchException on a libtorch whose schemas are not known
     */
    static Schema of(String operator) {
        var text = Lazy.ALL.texts.get(operator);
        if (text == null) {
            throw new IllegalArgumentException(unknown(operator));
        }
        Lazy.ALL.requireThisLibtorch();
        return PARSED.computeIfAbsent(operator, _ -> parse(text));
    }

    private static String unknown(String operator) {
        var name = operator.contains(".") ? operator.substring(0, operator.indexOf('.')) : operator;
        var overloads = Lazy.ALL.texts.keySet().stream()
                .filter(known -> known.equals(name) || known.startsWith(name + "."))
                .sorted()
                .limit(12)
                .toList();
        return "no operator '" + SchemaArgument.shortened(operator) + "'"
                + (overloads.isEmpty()
                        ? ": give a name of libtorch's dispatcher that changes no argument, such as aten::gelu"
                        : ", but " + String.join(", ", overloads));
    }

    /** Reads {@code name.overload(type name=default, *, ...) -> type} or {@code -> (type name, ...)}. */
    static Schema parse(String text) {
        int open = text.indexOf('(');
        int arrow = text.lastIndexOf(") -> ");
        var full = text.substring(0, open);
        int dot = full.indexOf('.');
        var op = dot < 0 ? new Op(full) : new Op(full.substring(0, dot), full.substring(dot + 1));
        var arguments = new ArrayList<SchemaArgument>();
        for (var part : split(text.substring(open + 1, arrow))) {
            if (!part.equals("*")) {
                arguments.add(SchemaArgument.parse(part));
            }
        }
        var result = text.substring(arrow + 5);
        var several = result.startsWith("(") && result.endsWith(")");
        var returns = new ArrayList<String>();
        for (var part : split(several ? result.substring(1, result.length() - 1) : result)) {
            var type = SchemaArgument.withoutAlias(part);
            returns.add(type.contains(" ") ? type.substring(0, type.indexOf(' ')) : type);
        }
        return new Schema(text, List.copyOf(arguments), List.copyOf(returns), op);
    }

    /** Parts between commas that stand in no parentheses, brackets or quotes. */
    private static List<String> split(String text) {
        var parts = new ArrayList<String>();
        int depth = 0;
        boolean quoted = false;
        int from = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\') {
                i++; // an escaped quote
            } else if (c == '"') {
                quoted = !quoted;
            } else if (!quoted && (c == '(' || c == '[')) {
                depth++;
            } else if (!quoted && (c == ')' || c == ']')) {
                depth--;
            } else if (c == ',' && depth == 0 && !quoted) {
                parts.add(text.substring(from, i).strip());
                from = i + 1;
            }
        }
        if (from < text.length()) {
            parts.add(text.substring(from).strip());
        }
        return parts;
    }

    // ---- A call ---------------------------------------------------------------------------------------------------

    /**
     * Runs the operator.
     *
     * @param values the arguments in order; those left out at the end have their defaults
     * @throws IllegalArgumentException if they are not what the schema asks for; nothing native has happened then
     */
    List<Tensor> run(Object... values) {
        boolean list = returns.equals(List.of("Tensor[]"));
        if (!list && !returns.stream().allMatch("Tensor"::equals)) {
            throw refused("it returns " + String.join(", ", returns) + ", and only tensors come back here");
        }
        if (values.length > arguments.size() || arguments.size() > Op.MAX_ARGUMENTS) {
            throw refused(values.length + " arguments for " + arguments.size());
        }
        var given = values.clone();
        for (int i = 0; i < given.length; i++) {
            check(arguments.get(i), given[i]);
        }
        for (int i = given.length; i < arguments.size(); i++) {
            check(arguments.get(i), arguments.get(i).fallback());
        }
        var call = op.call();
        for (int i = 0; i < arguments.size(); i++) {
            var argument = arguments.get(i);
            argument.put(call, i < given.length ? given[i] : argument.fallback());
        }
        return results(list ? call.list() : call.several(returns.size()));
    }

    private void check(SchemaArgument argument, Object value) {
        var reason = argument.refusal(value);
        if (reason != null) {
            throw refused(reason);
        }
    }

    private IllegalArgumentException refused(String reason) {
        return new IllegalArgumentException(reason + ", in a call of " + text);
    }

    /** Lets through plain memory, and nothing in a place that the arguments left empty. */
    private static List<Tensor> results(Tensor[] tensors) {
        boolean plain = true;
        for (int i = 0; i < tensors.length; i++) {
            if (!tensors[i].isDefined()) {
                tensors[i].close();
                tensors[i] = null;
            } else {
                plain &= tensors[i].isStrided();
            }
        }
        if (!plain) {
            Arrays.stream(tensors).filter(Objects::nonNull).forEach(Tensor::close);
            throw new TorchException("the result lies in sparse or packed memory, which is not handled here: call the"
                    + " operator through CppTensors");
        }
        return Collections.unmodifiableList(Arrays.asList(tensors)); // List.of takes no null
    }
}
