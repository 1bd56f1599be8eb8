package ddpm.tests.gpu;

import ddpm.torch.Device;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What {@link GpuBenchmark} measures; peer.py takes the same options.
 *
 * @param device where
 * @param networks names of networks
 * @param precisions fp32, tf32, bf16
 * @param batches images at once
 * @param steps sampling steps of one measurement, a multiple of {@link GpuBenchmark#GRAPH_STEPS}; ten times as many for
 *     batches below 64, which are quick
 * @param rounds measurements, of which the median counts
 */
record BenchmarkOptions(
        Device device, List<String> networks, List<String> precisions, List<Integer> batches, int steps, int rounds) {
    private static final Map<String, String> DEFAULTS = defaults();

    private static Map<String, String> defaults() {
        var defaults = new LinkedHashMap<String, String>();
        defaults.put("--device", "cuda");
        defaults.put("--networks", "UNetMini,cifar10");
        defaults.put("--precisions", "fp32,tf32,bf16");
        defaults.put("--batches", "1,16,64,256");
        defaults.put("--steps", "50");
        defaults.put("--rounds", "5");
        return defaults;
    }

    BenchmarkOptions {
        requireKnown("networks", networks, Set.of("UNetMini", "cifar10"));
        requireKnown("precisions", precisions, Set.of("fp32", "tf32", "bf16"));
        if (steps < 1
                || steps % GpuBenchmark.GRAPH_STEPS != 0
                || rounds < 1
                || batches.stream().anyMatch(b -> b < 1)) {
            throw new IllegalArgumentException("--steps " + steps + " (a multiple of " + GpuBenchmark.GRAPH_STEPS
                    + "), --rounds " + rounds + " and --batches " + batches + " (at least 1)");
        }
    }

    private static void requireKnown(String what, List<String> given, Set<String> known) {
        if (!known.containsAll(given)) {
            throw new IllegalArgumentException("--" + what + " " + given + ": of " + known);
        }
    }

    /**
     * Reads {@code --name value} pairs.
     *
     * @throws IllegalArgumentException for anything else, saying what is known
     */
    static BenchmarkOptions parse(String... arguments) {
        var values = new LinkedHashMap<>(DEFAULTS);
        for (int i = 0; i < arguments.length; i += 2) {
            if (!values.containsKey(arguments[i]) || i + 1 == arguments.length) {
                throw new IllegalArgumentException(
                        "'" + arguments[i] + "': options are " + DEFAULTS.keySet() + ", each with a value");
            }
            values.put(arguments[i], arguments[i + 1]);
        }
        return new BenchmarkOptions(
                Device.parse(values.get("--device")),
                list(values.get("--networks")),
                list(values.get("--precisions")),
                list(values.get("--batches")).stream().map(Integer::valueOf).toList(),
                Integer.parseInt(values.get("--steps")),
                Integer.parseInt(values.get("--rounds")));
    }

    private static List<String> list(String text) {
        return Arrays.asList(text.split(","));
    }
}
