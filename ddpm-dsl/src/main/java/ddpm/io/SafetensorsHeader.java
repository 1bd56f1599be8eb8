package ddpm.io;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import ddpm.text.StrictJson;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The checked header of a safetensors file: every tensor's bytes lie in the file, and together they tile its data
 * exactly, without holes or overlaps.
 *
 * @param entries tensors by name, in the header's order
 * @param metadata the header's {@code __metadata__}
 * @param dataStart where in the file the tensors' bytes begin; entries count from there
 */
record SafetensorsHeader(Map<String, Entry> entries, Map<String, String> metadata, long dataStart) {
    static final String METADATA = "__metadata__";

    private static final Map<String, DType> DTYPES = Map.of(
            "BOOL", DType.BOOL,
            "U8", DType.UINT8,
            "I8", DType.INT8,
            "I16", DType.INT16,
            "I32", DType.INT32,
            "I64", DType.INT64,
            "F16", DType.FLOAT16,
            "BF16", DType.BFLOAT16,
            "F32", DType.FLOAT32,
            "F64", DType.FLOAT64);

    /** The format's other element types with their bytes; tensors of these are listed and not read. */
    private static final Map<String, Integer> UNREAD =
            Map.of("U16", 2, "U32", 4, "U64", 8, "C64", 8, "F8_E4M3", 1, "F8_E5M2", 1, "F8_E8M0", 1);

    private static final int MAX_RANK = 64;

    /**
     * Where a tensor lies: bytes {@code [begin, end)} of the data.
     *
     * @param type the element type by the format's name
     */
    record Entry(String type, Shape shape, long begin, long end) {
        /** Null for a type that is not read. */
        DType dtype() {
            return DTYPES.get(type);
        }
    }

    /** The format's name for an element type, e.g. {@code BF16}. */
    static String nameOf(DType dtype) {
        for (var entry : DTYPES.entrySet()) {
            if (entry.getValue() == dtype) {
                return entry.getKey();
            }
        }
        throw new IllegalArgumentException("safetensors has no element type for " + dtype);
    }

    static SafetensorsHeader read(FileBytes bytes) throws IOException {
        if (bytes.size() < Long.BYTES) {
            throw bytes.bad("has " + bytes.size() + " bytes; a safetensors file begins with 8 bytes of header length");
        }
        long length = bytes.copy(0, Long.BYTES).getLong();
        if (length < 0 || length > StrictJson.MAX_BYTES) {
            throw bytes.bad("claims a header of " + Long.toUnsignedString(length) + " bytes; at most "
                    + StrictJson.MAX_BYTES + " are allowed, so this is probably not a safetensors file");
        }
        if (length > bytes.size() - Long.BYTES) {
            throw bytes.bad("claims a header of " + length + " bytes but only " + (bytes.size() - Long.BYTES)
                    + " follow; the file is cut short, fetch it again");
        }
        if (length == 0 || bytes.copy(Long.BYTES, 1).get(0) != '{') {
            throw bytes.bad("has a header that does not begin with '{', so it is not a safetensors file");
        }
        return bytes.json("the header", Long.BYTES, length, parser -> parse(parser, bytes, length));
    }

    private static SafetensorsHeader parse(JsonParser json, FileBytes bytes, long length) throws IOException {
        StrictJson.expect(json, JsonToken.START_OBJECT, "the header");
        var entries = new LinkedHashMap<String, Entry>();
        Map<String, String> metadata = Map.of();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            if (name.equals(METADATA)) {
                metadata = strings(json, bytes);
            } else {
                entries.put(name, entry(json, bytes, "tensor " + quote(name)));
            }
        }
        long dataStart = Long.BYTES + length;
        requireTiling(entries, bytes, bytes.size() - dataStart);
        return new SafetensorsHeader(entries, metadata, dataStart);
    }

    private static Map<String, String> strings(JsonParser json, FileBytes bytes) throws IOException {
        StrictJson.expect(json, JsonToken.START_OBJECT, METADATA);
        var strings = new LinkedHashMap<String, String>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            json.nextToken();
            StrictJson.expect(json, JsonToken.VALUE_STRING, METADATA + " entry " + quote(name));
            strings.put(name, json.getText());
        }
        return strings;
    }

    private static Entry entry(JsonParser json, FileBytes bytes, String what) throws IOException {
        StrictJson.expect(json, JsonToken.START_OBJECT, what);
        String dtype = null;
        long[] shape = null;
        long[] offsets = null;
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String field = json.currentName();
            json.nextToken();
            switch (field) {
                case "dtype" -> dtype = dtype(json, bytes, what);
                case "shape" -> shape = longs(json, bytes, what + ": shape");
                case "data_offsets" -> offsets = longs(json, bytes, what + ": data_offsets");
                default ->
                    throw bytes.bad(what + " has a field " + quote(field)
                            + "; only dtype, shape and data_offsets are known, so what it changes is not known either");
            }
        }
        if (dtype == null || shape == null || offsets == null) {
            throw bytes.bad(what + " lacks one of dtype, shape and data_offsets");
        }
        return checked(dtype, shape, offsets, bytes, what);
    }

    private static Entry checked(String dtype, long[] shape, long[] offsets, FileBytes bytes, String what)
            throws FileFormatException {
        if (offsets.length != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) {
            throw bytes.bad(what + " has data_offsets " + Arrays.toString(offsets)
                    + "; they must be [begin, end] with 0 <= begin <= end");
        }
        long need;
        Shape checked;
        try {
            checked = Shape.of(shape);
            int width = DTYPES.containsKey(dtype) ? DTYPES.get(dtype).bytes() : UNREAD.get(dtype);
            need = Math.multiplyExact(checked.numel(), (long) width);
        } catch (IllegalArgumentException | ArithmeticException impossible) {
            throw bytes.bad(what + " has an impossible shape " + Arrays.toString(shape) + " of " + dtype);
        }
        if (need != offsets[1] - offsets[0]) {
            throw bytes.bad(what + " of shape " + checked + " and type " + dtype + " is " + need
                    + " bytes but its data_offsets span " + (offsets[1] - offsets[0]));
        }
        return new Entry(dtype, checked, offsets[0], offsets[1]);
    }

    private static String dtype(JsonParser json, FileBytes bytes, String what) throws IOException {
        StrictJson.expect(json, JsonToken.VALUE_STRING, what + ": dtype");
        var dtype = json.getText();
        if (!DTYPES.containsKey(dtype) && !UNREAD.containsKey(dtype)) {
            throw bytes.bad(what + " has element type " + quote(dtype) + "; this library reads "
                    + DTYPES.keySet().stream().sorted().toList() + ", so convert it to one of these");
        }
        return dtype;
    }

    private static long[] longs(JsonParser json, FileBytes bytes, String what) throws IOException {
        StrictJson.expect(json, JsonToken.START_ARRAY, what);
        List<Long> longs = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            StrictJson.expect(json, JsonToken.VALUE_NUMBER_INT, what + " entry " + longs.size());
            if (longs.size() == MAX_RANK) {
                throw bytes.bad(what + " has more than " + MAX_RANK + " entries");
            }
            longs.add(json.getLongValue()); // out of range is a JsonProcessingException
        }
        return longs.stream().mapToLong(Long::longValue).toArray();
    }

    private static void requireTiling(Map<String, Entry> entries, FileBytes bytes, long dataLength)
            throws FileFormatException {
        var byPosition = new ArrayList<>(entries.entrySet());
        byPosition.sort(Comparator.comparingLong(
                        (Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        long end = 0;
        for (var entry : byPosition) {
            var at = entry.getValue();
            if (at.begin() != end) {
                throw bytes.bad("tensor " + quote(entry.getKey()) + " begins at data byte " + at.begin()
                        + " where byte " + end + " is due: tensors must lie one after another without "
                        + (at.begin() > end ? "holes" : "overlaps"));
            }
            end = at.end();
        }
        if (end != dataLength) {
            throw bytes.bad("its tensors take " + end + " bytes but " + dataLength + " bytes follow the header; it is "
                    + (end > dataLength ? "cut short, fetch it again" : "followed by bytes that belong to no tensor"));
        }
    }
}
