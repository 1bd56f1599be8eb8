package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.nn.NetworkConfig;
import ddpm.nn.Patched;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import ddpm.nn.UNetMini;
import ddpm.text.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** The kinds of networks there are: those built in, and those that {@link ServiceLoader} finds. */
public final class NetworkTypes {
    private NetworkTypes() {}

    /** All types, the built-in ones first. */
    public static List<NetworkType<?>> all() {
        var types = new ArrayList<NetworkType<?>>(List.of(new UNetType(), new UNetMiniType(), new PatchedType()));
        for (NetworkType<?> found : ServiceLoader.load(NetworkType.class, NetworkType.class.getClassLoader())) {
            types.add(found);
        }
        return types;
    }

    /**
     * The type of this name.
     *
     * @throws IllegalArgumentException if there is none; the message lists those there are
     */
    public static NetworkType<?> named(String name) {
        for (var type : all()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        throw new IllegalArgumentException("unknown network type " + quote(name) + "; there are "
                + all().stream().map(NetworkType::name).collect(Collectors.joining(", "))
                + ". A type of your own must be on the class path, named in META-INF/services/ddpm.model.NetworkType");
    }

    /**
     * The type of a configuration.
     *
     * @throws IllegalArgumentException if there is none, so that it cannot be stored
     */
    public static NetworkType<?> of(NetworkConfig config) {
        for (var type : all()) {
            if (type.config().isInstance(config)) {
                return type;
            }
        }
        throw new IllegalArgumentException(
                "no NetworkType is registered for " + config.getClass().getName()
                        + ", so it cannot be stored in a file: name one in META-INF/services/ddpm.model.NetworkType");
    }

    static Map<String, Object> write(NetworkConfig config) {
        return write(of(config), config);
    }

    private static <C extends NetworkConfig> Map<String, Object> write(NetworkType<C> type, NetworkConfig config) {
        var json = new LinkedHashMap<String, Object>();
        json.put("type", type.name());
        json.putAll(type.write(type.config().cast(config)));
        return json;
    }

    static NetworkConfig read(JsonObject json) {
        return named(json.text("type")).read(json);
    }

    private static final class UNetMiniType implements NetworkType<UNetMini.Config> {
        @Override
        public String name() {
            return "UNetMini";
        }

        @Override
        public Class<UNetMini.Config> config() {
            return UNetMini.Config.class;
        }

        @Override
        public Map<String, Object> write(UNetMini.Config mini) {
            var json = new LinkedHashMap<String, Object>();
            json.put("channels", mini.channels());
            json.put("base", mini.base());
            json.put("multipliers", mini.multipliers());
            json.put("timeChannels", mini.timeChannels());
            return json;
        }

        @Override
        public UNetMini.Config read(JsonObject json) {
            return new UNetMini.Config(
                    json.integer("channels"),
                    json.integer("base"),
                    json.list("multipliers", Integer.class),
                    json.integer("timeChannels"));
        }

        @Override
        public UNetMini.Config preset(int channels, int height, int width) {
            return UNetMini.Config.ofChannels(channels);
        }
    }

    private static final class PatchedType implements NetworkType<Patched> {
        @Override
        public String name() {
            return "Patched";
        }

        @Override
        public Class<Patched> config() {
            return Patched.class;
        }

        @Override
        public Map<String, Object> write(Patched patched) {
            var json = new LinkedHashMap<String, Object>();
            json.put("patch", patched.patch());
            json.put("inner", NetworkTypes.write(patched.inner()));
            return json;
        }

        @Override
        public Patched read(JsonObject json) {
            return new Patched(json.integer("patch"), NetworkTypes.read(json.object("inner")));
        }

        @Override
        public Patched preset(int channels, int height, int width) {
            return Patched.mini(channels);
        }
    }

    private static final class UNetType implements NetworkType<UNetConfig> {
        @Override
        public String name() {
            return "UNet";
        }

        @Override
        public Class<UNetConfig> config() {
            return UNetConfig.class;
        }

        @Override
        public Map<String, Object> write(UNetConfig unet) {
            var json = new LinkedHashMap<String, Object>();
            json.put("inChannels", unet.inChannels());
            json.put("outChannels", unet.outChannels());
            json.put("base", unet.base());
            // As ever where it can be said so: other versions read it.
            boolean multiples = unet.widths().stream().allMatch(width -> width % unet.base() == 0);
            json.put(
                    multiples ? "multipliers" : "widths",
                    multiples
                            ? unet.widths().stream()
                                    .map(width -> width / unet.base())
                                    .toList()
                            : unet.widths());
            json.put("resBlocks", unet.resBlocks());
            json.put("attention", unet.attention());
            json.put("headChannels", unet.headChannels());
            json.put("groups", unet.groups());
            json.put("normEps", unet.normEps());
            json.put("dropout", unet.dropout());
            json.put("timeShift", unet.timeShift());
            json.put("timeOrder", unet.timeOrder().name());
            json.put("symmetricPadding", unet.symmetricPadding());
            if (unet.labels() > 0) {
                json.put("labels", unet.labels());
            }
            return json;
        }

        @Override
        public UNetConfig read(JsonObject json) {
            return new UNetConfig(
                    json.integer("inChannels"),
                    json.integer("outChannels"),
                    json.integer("base"),
                    json.has("widths")
                            ? json.list("widths", Integer.class)
                            : UNetConfig.times(json.integer("base"), json.list("multipliers", Integer.class)),
                    json.integer("resBlocks"),
                    json.list("attention", Boolean.class),
                    json.integer("headChannels"),
                    json.integer("groups"),
                    json.number("normEps"),
                    json.number("dropout"),
                    json.integer("timeShift"),
                    timeOrder(json),
                    json.flag("symmetricPadding"),
                    json.has("labels") ? json.integer("labels") : 0);
        }

        @Override
        public UNetConfig preset(int channels, int height, int width) {
            return UNetConfig.cifar10(channels);
        }

        /** Early cards have a flag in its place. */
        private static TimeEmbedding.Order timeOrder(JsonObject json) {
            if (json.has("cosineFirst")) {
                return json.flag("cosineFirst") ? TimeEmbedding.Order.COSINE_FIRST : TimeEmbedding.Order.SINE_FIRST;
            }
            return json.choice("timeOrder", TimeEmbedding.Order.class);
        }
    }
}
