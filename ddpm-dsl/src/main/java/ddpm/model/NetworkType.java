package ddpm.model;

import ddpm.nn.NetworkConfig;
import ddpm.text.JsonObject;
import java.util.Map;

/**
 * A kind of network that model files and the command line know by name. {@code UNet}, {@code UNetMini} and
 * {@code Patched} are built in; a class of your own is found by {@link java.util.ServiceLoader}, named in
 * {@code META-INF/services/ddpm.model.NetworkType} or by {@code provides} in a module, and has a public constructor without
 * arguments.
 *
 * <pre>{@code
 * public final class MyDiT implements NetworkType<DiT.Config> {
 *     public String name() { return "mydit"; }
 *     public Class<DiT.Config> config() { return DiT.Config.class; }
 *     public Map<String, Object> write(DiT.Config c) { return Map.of("channels", c.channels(), "width", c.width()); }
 *     public DiT.Config read(JsonObject json) { return new DiT.Config(json.integer("channels"), json.integer("width")); }
 * }
 * }</pre>
 */
public interface NetworkType<C extends NetworkConfig> {
    /** The name in cards, unique among all types. */
    String name();

    /** The class of its configurations. */
    Class<C> config();

    /** A configuration as JSON: numbers, strings, booleans, lists and maps of these, by field. */
    Map<String, Object> write(C config);

    /**
     * The configuration that {@link #write} wrote.
     *
     * @throws IllegalArgumentException if a field is missing or cannot be used; {@link JsonObject}'s readers throw it
     */
    C read(JsonObject json);

    /**
     * A configuration for images of this shape, for {@code train --model-config NAME}.
     *
     * @throws IllegalArgumentException if there is none
     */
    default C preset(int channels, int height, int width) {
        throw new IllegalArgumentException("networks of type " + name()
                + " have no configuration that suits images by themselves: train them from Java");
    }
}
