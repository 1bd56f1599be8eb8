package ddpm.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Rows of text in aligned columns. Text out of files is made harmless: a terminal must not obey a tensor's name. */
final class TextTable {
    private static final int GAP = 2;

    private final String indent;
    private final List<List<String>> rows = new ArrayList<>();

    TextTable(String indent) {
        this.indent = indent;
    }

    void row(Object... cells) {
        var row = new ArrayList<String>();
        for (var cell : cells) {
            row.add(printable(String.valueOf(cell)));
        }
        rows.add(row);
    }

    /** Control characters, direction marks and lone surrogates as {@code \\u001b}. */
    static String printable(String text) {
        return text.codePoints()
                .mapToObj(c -> switch (Character.getType(c)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR -> String.format(Locale.ROOT, "\\u%04x", c);
                    default -> Character.toString(c);
                })
                .collect(Collectors.joining());
    }

    /** The same of each line. */
    static String printableLines(String text) {
        return text.lines().map(TextTable::printable).collect(Collectors.joining(System.lineSeparator()));
    }

    /** All rows, each with a line end. */
    @Override
    public String toString() {
        var widths = new ArrayList<Integer>();
        for (var row : rows) {
            for (int i = 0; i < row.size(); i++) {
                if (i == widths.size()) {
                    widths.add(0);
                }
                widths.set(i, Math.max(widths.get(i), row.get(i).length()));
            }
        }
        var text = new StringBuilder();
        for (var row : rows) {
            var line = new StringBuilder(indent);
            for (int i = 0; i < row.size(); i++) {
                line.append(row.get(i));
                if (i < row.size() - 1) {
                    line.append(" ".repeat(widths.get(i) - row.get(i).length() + GAP));
                }
            }
            text.append(line.toString().stripTrailing()).append(System.lineSeparator());
        }
        return text.toString();
    }
}
