package ddpm.io;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Everything in a file of tensors, flat: {@code {"model": {"w": t}, "step": 7}} has the tensor {@code model.w} and the
 * value {@code step}.
 *
 * @param path the file
 * @param format what it turned out to be
 * @param tensors by dotted name, in the file's order; a lone tensor is named {@code ""}
 * @param values what is not a tensor, by dotted name: scalars, lists without tensors, and containers that are empty;
 *     values are as {@link TorchFile} describes and may be null; and each {@link UnreadTensor}
 * @param metadata a safetensors file's free text by name; empty for other formats
 */
public record TensorFile(
        Path path,
        TensorFormat format,
        SequencedMap<String, StoredTensor> tensors,
        SequencedMap<String, Object> values,
        Map<String, String> metadata) {
    public TensorFile {
        tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
        values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
        metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    }
}
