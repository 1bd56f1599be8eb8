package ddpm.cli.console;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.TorchFile;
import ddpm.torch.DType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The JSON that {@code --json} prints: one object. */
public final class Json {
    private Json() {}

    /** @param object maps, collections, strings, numbers, booleans and nulls */
    public static String of(Map<String, ?> object) {
        try {
            return JSON.std.with(JSON.Feature.PRETTY_PRINT_OUTPUT).asString(object);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // into a string: cannot happen
        }
    }

    /** A value out of a checkpoint as JSON has it; what JSON lacks (NaN, complex numbers, bytes) becomes text. */
    public static Object plain(Object value) {
        return switch (value) {
            case null -> null;
            case Double number when !Double.isFinite(number) -> number.toString();
            case Long _, Double _, Boolean _, String _, BigInteger _ -> value;
            case Map<?, ?> map -> {
                var plain = new LinkedHashMap<String, Object>();
                map.forEach((key, each) -> plain.put(String.valueOf(key), plain(each)));
                yield plain;
            }
            case Collection<?> items -> items.stream().map(Json::plain).toList();
            case ByteBuffer bytes -> bytes.remaining() + " bytes";
            case DType dtype -> dtype.toString();
            case TorchFile.Complex complex -> complex.toString();
            default -> throw new IllegalArgumentException("no value of a checkpoint: " + value.getClass());
        };
    }
}
