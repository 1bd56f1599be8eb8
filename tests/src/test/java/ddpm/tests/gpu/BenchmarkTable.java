package ddpm.tests.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** One Markdown table of the rows that GpuBenchmark and the kit's peer.py print. */
public final class BenchmarkTable {
    /** What the other ways are compared with. */
    private static final String PEER = "PyTorch reduce-overhead";

    private static final int STEPS_PER_IMAGE = 1000;

    /**
     * @param network its name
     * @param precision fp32, tf32 or bf16
     * @param batch images at once
     * @param way who computes and how
     * @param ms per step, or why there is no time, as printed
     * @param host microseconds per step during which the host was busy handing it over; may be empty
     */
    private record Row(String network, String precision, int batch, String way, String ms, String host) {
        static Row of(String line) {
            var cells = line.split("\t", -1);
            if (cells.length != 6) {
                throw new IllegalArgumentException("a row has 6 cells, not " + cells.length + ": " + line);
            }
            return new Row(cells[0], cells[1], Integer.parseInt(cells[2]), cells[3], cells[4], cells[5]);
        }

        boolean sameWork(Row other) {
            return network.equals(other.network) && precision.equals(other.precision) && batch == other.batch;
        }

        OptionalDouble milliseconds() {
            return ms.matches("[0-9.]+") ? OptionalDouble.of(Double.parseDouble(ms)) : OptionalDouble.empty();
        }
    }

    private BenchmarkTable() {}

    /** @param args the file of rows */
    public static void main(String[] args) throws IOException {
        System.out.print(of(Files.readAllLines(Path.of(args[0]))));
    }

    /** @param lines rows, and remarks that begin with {@code #} and go above the table */
    static String of(List<String> lines) {
        var rows = new ArrayList<Row>();
        var text = new StringBuilder();
        for (var line : lines) {
            if (line.startsWith("#")) {
                text.append(line.substring(1).strip()).append("  \n");
            } else if (!line.isBlank()) {
                rows.add(Row.of(line));
            }
        }
        rows.sort(
                Comparator.comparing(Row::network).thenComparing(Row::precision).thenComparing(Row::batch)); // stable
        text.append("\n| network | precision | batch | way | ms/step | images/s at 1000 steps | host us/step | x "
                + PEER + " |\n|---|---|---:|---|---:|---:|---:|---:|\n");
        for (var row : rows) {
            var rate = row.milliseconds().stream()
                    .mapToObj(ms -> format(row.batch() * 1000 / (ms * STEPS_PER_IMAGE)))
                    .findFirst();
            text.append("| %s | %s | %d | %s | %s | %s | %s | %s |\n"
                    .formatted(
                            row.network(),
                            row.precision(),
                            row.batch(),
                            row.way(),
                            row.ms(),
                            rate.orElse(""),
                            row.host(),
                            ratio(row, rows).map(BenchmarkTable::format).orElse("")));
        }
        return text.toString();
    }

    /** How many times as fast as the peer at the same work. */
    private static Optional<Double> ratio(Row row, List<Row> rows) {
        var peer = rows.stream()
                .filter(other -> other.way().equals(PEER) && other.sameWork(row))
                .findFirst()
                .map(Row::milliseconds)
                .orElse(OptionalDouble.empty());
        return peer.isPresent() && row.milliseconds().isPresent()
                ? Optional.of(peer.getAsDouble() / row.milliseconds().getAsDouble())
                : Optional.empty();
    }

    private static String format(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.2f" : "%.1f", value);
    }
}
