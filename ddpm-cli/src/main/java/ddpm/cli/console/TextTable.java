package ddpm.cli.console;

import ddpm.text.Untrusted;
import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns. Text out of files is escaped: a terminal must not obey a tensor's name. */
public final class TextTable {
    private static final int GAP = 2;

    private final String indent;
    private final List<List<String>> rows = new ArrayList<>();

    public TextTable(String indent) {
        this.indent = indent;
    }

    public void row(Object... cells) {
        var row = new ArrayList<String>();
        for (var cell : cells) {
            row.add(Untrusted.escape(String.valueOf(cell)));
        }
        rows.add(row);
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
