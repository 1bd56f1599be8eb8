package ddpm.io;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import ddpm.text.StrictJson;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A sharded model: {@code NAME.safetensors.index.json} says which file beside it holds which tensor. Index and shards
 * must agree exactly, and a shard is a plain file name, so an index cannot reach outside its own folder.
 */
final class SafetensorsIndex {
    private SafetensorsIndex() {}

    static Safetensors.Contents read(Path index) throws IOException {
        Map<String, String> shardOf;
        try (var bytes = FileBytes.open(index)) {
            shardOf = bytes.json("the index", 0, bytes.size(), parser -> weightMap(parser, index));
        }
        var shards = new LinkedHashMap<String, Safetensors.Contents>();
        for (var shard : shardOf.values()) {
            if (!shards.containsKey(shard)) {
                shards.put(shard, Safetensors.read(beside(index, shard)));
            }
        }
        return joined(index, shardOf, shards);
    }

    private static Safetensors.Contents joined(
            Path index, Map<String, String> shardOf, Map<String, Safetensors.Contents> shards)
            throws FileFormatException {
        var metadata = new LinkedHashMap<String, String>();
        for (var shard : shards.entrySet()) {
            metadata.putAll(shard.getValue().metadata());
            for (var name : shard.getValue().names()) {
                if (!shard.getKey().equals(shardOf.get(name))) {
                    throw new FileFormatException(
                            index,
                            "shard " + quote(shard.getKey()) + " holds tensor " + quote(name)
                                    + ", which the index does not place there; fetch index and shards together");
                }
            }
        }
        var tensors = new LinkedHashMap<String, StoredTensor>();
        var unread = new LinkedHashMap<String, UnreadTensor>();
        for (var entry : shardOf.entrySet()) {
            var shard = shards.get(entry.getValue());
            var tensor = shard.tensors().get(entry.getKey());
            if (shard.unread().containsKey(entry.getKey())) {
                unread.put(entry.getKey(), shard.unread().get(entry.getKey()));
                continue;
            }
            if (tensor == null) {
                throw new FileFormatException(
                        index,
                        "tensor " + quote(entry.getKey()) + " is not in shard " + quote(entry.getValue())
                                + " where the index places it; fetch index and shards together");
            }
            tensors.put(entry.getKey(), tensor);
        }
        return new Safetensors.Contents(tensors, unread, metadata);
    }

    private static Map<String, String> weightMap(JsonParser json, Path index) throws IOException {
        StrictJson.expect(json, JsonToken.START_OBJECT, "the index");
        Map<String, String> shardOf = null;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            boolean isMap = json.currentName().equals("weight_map");
            json.nextToken();
            if (isMap) {
                shardOf = strings(json);
            } else {
                json.skipChildren(); // metadata.total_size and the like: the shards' own headers decide
            }
        }
        if (shardOf == null) {
            throw new FileFormatException(index, "has no weight_map, so it is not the index of a sharded model");
        }
        return shardOf;
    }

    private static Map<String, String> strings(JsonParser json) throws IOException {
        StrictJson.expect(json, JsonToken.START_OBJECT, "weight_map");
        var shardOf = new LinkedHashMap<String, String>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            StrictJson.expect(json, JsonToken.VALUE_STRING, "the shard of tensor " + quote(name));
            shardOf.put(name, json.getText());
        }
        return shardOf;
    }

    private static Path beside(Path index, String shard) throws FileFormatException {
        boolean plain = shard.endsWith(".safetensors") && shard.indexOf('/') < 0 && shard.indexOf('\\') < 0;
        try {
            if (plain && Path.of(shard).getRoot() == null) {
                return index.resolveSibling(shard);
            }
        } catch (InvalidPathException impossible) {
            throw new FileFormatException(index, "shard " + quote(shard) + " is not a possible file name", impossible);
        }
        throw new FileFormatException(
                index,
                "shard " + quote(shard) + " is not a plain *.safetensors file name; shards must lie beside the index");
    }
}
