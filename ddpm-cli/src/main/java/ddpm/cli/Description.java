package ddpm.cli;

import ddpm.cli.console.Json;
import ddpm.cli.console.TextTable;
import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;
import ddpm.model.ModelCard;
import ddpm.model.ModelLayout;
import ddpm.model.NetworkTypes;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * A description of a tensor file, for people and for programs.
 *
 * @param file the opened file
 * @param layout of the model; null if it is none that can be loaded
 * @param card the model's; null if there is none
 * @param origin which of the file's weights it has; null without a card
 * @param parameters how many the network of the card has; 0 without
 * @param refusal the reason why the file cannot be sampled from; null if it can
 */
record Description(
        TensorFile file, ModelLayout layout, ModelCard card, String origin, long parameters, String refusal) {
    private static final int LONGEST_VALUE = 80;

    /** Describes a file without libtorch: networks declare their parameters before they have memory. */
    static Description of(TensorFile file, Weights weights) throws IOException {
        ModelLayout layout = null;
        StoredModel stored = null;
        try {
            layout = ModelLayout.of(file);
            stored = StoredModel.of(file, weights);
            stored.tensors();
            return new Description(file, layout, stored.card(), stored.origin(), stored.parameters(), null);
        } catch (FileFormatException e) {
            var reason = file.path().toString().equals(e.file()) ? e.reason() : e.getMessage();
            return stored == null
                    ? new Description(file, layout, null, null, 0, reason)
                    : new Description(file, layout, stored.card(), stored.origin(), stored.parameters(), reason);
        }
    }

    String text() throws IOException {
        var facts = new TextTable("");
        facts.row("file", file.path());
        facts.row("format", file.format());
        if (Files.exists(file.path())) {
            facts.row("bytes", Files.size(file.path()));
        }
        facts.row("tensors", file.tensors().size() + " with " + elements() + " elements");
        if (layout != null) {
            facts.row("layout", layout);
        }
        if (card != null) {
            facts.row("weights", origin);
            facts.row("parameters", parameters);
            facts.row("network", network());
            facts.row("images", card.network().inChannels() + " x " + card.height() + " x " + card.width());
            if (!card.classes().isEmpty()) {
                facts.row("classes", card.classes());
            }
            facts.row("schedule", card.schedule());
            facts.row("predicts", Values.name(card.prediction()));
            facts.row("variance", Values.name(card.variance()));
            facts.row("clip", Values.name(card.clip()));
            new TreeMap<>(card.notes()).forEach((name, note) -> facts.row("note " + name, note));
        }
        if (refusal != null) {
            var lines = refusal.lines().toList();
            facts.row("no model", lines.getFirst());
            lines.stream().skip(1).forEach(line -> facts.row("", line));
        }
        return facts + section("metadata", metadata()) + section("values", values()) + tensors();
    }

    /** The network's name and its record's fields. */
    private String network() {
        var config = card.network();
        var fields = config.toString();
        return NetworkTypes.of(config).name() + fields.substring(Math.max(0, fields.indexOf('[')));
    }

    private static String section(String title, TextTable rows) {
        var text = rows.toString();
        return text.isEmpty() ? "" : System.lineSeparator() + title + System.lineSeparator() + text;
    }

    /** All but the card, which is described above in words. */
    private TextTable metadata() {
        var rows = new TextTable("  ");
        new TreeMap<>(file.metadata()).forEach((key, value) -> {
            if (card == null || !key.equals(ModelLayout.CARD_KEY)) {
                rows.row(key, cut(value));
            }
        });
        return rows;
    }

    private TextTable values() {
        var rows = new TextTable("  ");
        file.values().forEach((name, value) -> rows.row(name, cut(String.valueOf(Json.plain(value)))));
        return rows;
    }

    private String tensors() {
        var rows = new TextTable("  ");
        file.tensors()
                .forEach((name, tensor) ->
                        rows.row(name.isEmpty() ? "(unnamed)" : name, tensor.dtype(), tensor.shape()));
        return section("tensors", rows);
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_VALUE ? text : text.substring(0, LONGEST_VALUE) + "...";
    }

    private long elements() {
        return file.tensors().values().stream()
                .mapToLong(t -> t.shape().numel())
                .sum();
    }

    Map<String, Object> json() {
        var json = new LinkedHashMap<String, Object>();
        json.put("file", file.path().toString());
        json.put("format", file.format().toString());
        json.put("elements", elements());
        json.put("layout", layout == null ? null : layout.toString());
        json.put("weights", origin);
        json.put("parameters", card == null ? null : parameters);
        json.put("refusal", refusal);
        json.put("model", card == null ? null : model());
        json.put("metadata", file.metadata());
        json.put("values", Json.plain(file.values()));
        var tensors = new LinkedHashMap<String, Object>();
        file.tensors()
                .forEach((name, tensor) -> tensors.put(
                        name,
                        Map.of(
                                "dtype", tensor.dtype().toString(),
                                "shape",
                                        Arrays.stream(tensor.shape().toArray())
                                                .boxed()
                                                .toList())));
        json.put("tensors", tensors);
        return json;
    }

    private Map<String, Object> model() {
        var json = new LinkedHashMap<String, Object>();
        json.put("network", network());
        json.put("channels", card.network().inChannels());
        json.put("height", card.height());
        json.put("width", card.width());
        json.put("classes", card.classes().names());
        json.put("nullClass", card.classes().nullClass());
        json.put("schedule", card.schedule().toString());
        json.put("steps", card.schedule().steps());
        json.put("prediction", Values.name(card.prediction()));
        json.put("variance", Values.name(card.variance()));
        json.put("clip", Values.name(card.clip()));
        json.put("notes", new TreeMap<>(card.notes()));
        return json;
    }
}
