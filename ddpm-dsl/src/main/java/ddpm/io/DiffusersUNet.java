package ddpm.io;

import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What diffusers' {@code config.json} of a UNet2DModel says.
 *
 * @param network the network
 * @param height of the images, pixels
 * @param width likewise
 * @param ignored fields that UNet2DModel has no use for either, such as those of a trainer's average
 */
record DiffusersUNet(UNetConfig network, int height, int width, Set<String> ignored) {
    static final String FILE = "config.json";

    private static final String DOWN = "DownBlock2D";
    private static final String UP = "UpBlock2D";
    private static final String ATTENTION = "Attn";
    private static final int USUAL_SIZE = 32;

    private static final Set<String> KNOWN = Set.of(
            "sample_size",
            "in_channels",
            "out_channels",
            "center_input_sample",
            "time_embedding_type",
            "freq_shift",
            "flip_sin_to_cos",
            "down_block_types",
            "mid_block_type",
            "up_block_types",
            "block_out_channels",
            "layers_per_block",
            "mid_block_scale_factor",
            "downsample_padding",
            "downsample_type",
            "upsample_type",
            "dropout",
            "act_fn",
            "attention_legacy_order",
            "attention_head_dim",
            "norm_num_groups",
            "attn_norm_num_groups",
            "norm_eps",
            "resnet_time_scale_shift",
            "add_attention",
            "class_embed_type",
            "num_class_embeds",
            "num_train_timesteps");

    /** Attention layers before diffusers 0.14. */
    private static final Map<String, String> EARLY_LAYERS =
            Map.of("to_q", "query", "to_k", "key", "to_v", "value", "to_out.0", "proj_attn");

    /**
     * A field that is missing has UNet2DModel's own default, which is seldom that of Ho et al.'s models.
     *
     * @throws FileFormatException if it describes anything that {@link UNetConfig} cannot; the field is named
     */
    static DiffusersUNet read(Path file) throws IOException {
        var json = JsonFields.read(file);
        requireSupported(json);
        var widths = json.list("block_out_channels", Integer.class, List.of(224, 448, 672, 896));
        var attention = attention(json);
        if (widths.isEmpty() || widths.size() != attention.size()) {
            throw json.bad(
                    "block_out_channels",
                    "is " + widths + " and down_block_types has " + attention.size()
                            + " blocks; each level needs one of both");
        }
        var multipliers = new ArrayList<Integer>();
        int base = widths.getFirst();
        for (int width : widths) {
            if (base < 1 || width % base != 0) {
                throw json.bad("block_out_channels", "is " + widths + "; supported are multiples of the first");
            }
            multipliers.add(width / base);
        }
        try {
            var network = new UNetConfig(
                    json.integer("in_channels", 3),
                    json.integer("out_channels", 3),
                    base,
                    multipliers,
                    json.integer("layers_per_block", 2),
                    attention,
                    json.isNull("attention_head_dim") ? 0 : headChannels(json),
                    json.integer("norm_num_groups", 32),
                    json.number("norm_eps", 1e-5),
                    json.number("dropout", 0),
                    json.integer("freq_shift", 0),
                    json.flag("flip_sin_to_cos", true)
                            ? TimeEmbedding.Order.COSINE_FIRST
                            : TimeEmbedding.Order.SINE_FIRST,
                    json.integer("downsample_padding", 1) == 1);
            var size = size(json, network);
            var ignored = new TreeSet<>(json.keys());
            ignored.removeIf(key -> key.startsWith("_") || KNOWN.contains(key));
            return new DiffusersUNet(network, size.get(0), size.get(1), ignored);
        } catch (IllegalArgumentException e) {
            throw new FileFormatException(file, "describes no network that can be built: " + e.getMessage(), e);
        }
    }

    private static void requireSupported(JsonFields json) throws FileFormatException {
        json.require("_class_name", "UNet2DModel");
        json.require("center_input_sample", false);
        json.require("time_embedding_type", "positional");
        json.require("freq_shift", 0, 1);
        json.require("mid_block_type", "UNetMidBlock2D");
        json.require("mid_block_scale_factor", 1, 1.0);
        json.require("downsample_padding", 0, 1);
        json.require("downsample_type", "conv");
        json.require("upsample_type", "conv");
        json.require("act_fn", "silu", "swish");
        json.require("attention_legacy_order", false);
        json.require("attn_norm_num_groups", null, json.integer("norm_num_groups", 32));
        json.require("resnet_time_scale_shift", "default");
        json.require("add_attention", true);
        json.require("class_embed_type", (Object) null);
        json.require("num_class_embeds", (Object) null);
    }

    private static int headChannels(JsonFields json) throws FileFormatException {
        int channels = json.integer("attention_head_dim", 8);
        if (channels < 1) {
            throw json.bad("attention_head_dim", "is " + channels + "; supported is null or at least 1");
        }
        return channels;
    }

    /** Per level from full resolution; what goes up must mirror what goes down. */
    private static List<Boolean> attention(JsonFields json) throws FileFormatException {
        var down = attention(
                json, "down_block_types", DOWN, List.of(DOWN, ATTENTION + DOWN, ATTENTION + DOWN, ATTENTION + DOWN));
        var up = attention(json, "up_block_types", UP, List.of(ATTENTION + UP, ATTENTION + UP, ATTENTION + UP, UP));
        Collections.reverse(up);
        if (!up.equals(down)) {
            throw json.bad(
                    "up_block_types",
                    "must mirror down_block_types: attention at levels " + down + " down, but " + up
                            + " up, both from full resolution");
        }
        return down;
    }

    private static List<Boolean> attention(JsonFields json, String key, String block, List<String> orElse)
            throws FileFormatException {
        var attention = new ArrayList<Boolean>();
        for (var type : json.list(key, String.class, orElse)) {
            if (!type.equals(block) && !type.equals(ATTENTION + block)) {
                throw json.bad(
                        key,
                        "holds " + FileFormatException.quote(type) + "; supported are " + block + " and " + ATTENTION
                                + block);
            }
            attention.add(!type.equals(block));
        }
        return attention;
    }

    /** Height and width; diffusers allows none, and then only its user knows. */
    private static List<Integer> size(JsonFields json, UNetConfig network) throws FileFormatException {
        if (!json.keys().contains("sample_size") || json.isNull("sample_size")) {
            int size = Math.max(USUAL_SIZE, network.sizeMultiple());
            return List.of(size, size);
        }
        List<Integer> size;
        try {
            int side = json.integer("sample_size", 0);
            size = List.of(side, side);
        } catch (FileFormatException notOneNumber) {
            size = json.list("sample_size", Integer.class, List.of());
        }
        if (size.size() != 2) {
            throw json.bad("sample_size", "is " + size + ", not a number or [height, width]");
        }
        return size;
    }

    /**
     * The same as JSON, every field written out.
     *
     * @throws IllegalArgumentException for what a UNet2DModel cannot be
     */
    Map<String, Object> json() {
        if (network.timeOrder() == TimeEmbedding.Order.INTERLEAVED) {
            throw new IllegalArgumentException(
                    "the model's time embedding has sines and cosines interleaved, which diffusers' UNet2DModel has not");
        }
        if (network.multipliers().getFirst() != 1) {
            throw new IllegalArgumentException(
                    "the model is " + network.multipliers().getFirst()
                            + " times as wide at full resolution as after its first convolution, which in diffusers' UNet2DModel"
                            + " is one width");
        }
        var down = network.attention().stream()
                .map(has -> has ? ATTENTION + DOWN : DOWN)
                .toList();
        var up = network.attention().reversed().stream()
                .map(has -> has ? ATTENTION + UP : UP)
                .toList();
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "UNet2DModel");
        json.put("_diffusers_version", DiffusersFolder.VERSION);
        json.put("act_fn", "silu");
        json.put("add_attention", true);
        json.put("attention_head_dim", network.headChannels() == 0 ? null : network.headChannels());
        json.put("attn_norm_num_groups", null);
        json.put(
                "block_out_channels",
                network.multipliers().stream().map(m -> m * network.base()).toList());
        json.put("center_input_sample", false);
        json.put("class_embed_type", null);
        json.put("down_block_types", down);
        json.put("downsample_padding", network.symmetricPadding() ? 1 : 0);
        json.put("downsample_type", "conv");
        json.put("dropout", network.dropout());
        json.put("flip_sin_to_cos", network.timeOrder() == TimeEmbedding.Order.COSINE_FIRST);
        json.put("freq_shift", network.timeShift());
        json.put("in_channels", network.inChannels());
        json.put("layers_per_block", network.resBlocks());
        json.put("mid_block_scale_factor", 1);
        json.put("norm_eps", network.normEps());
        json.put("norm_num_groups", network.groups());
        json.put("num_class_embeds", null);
        json.put("num_train_timesteps", null);
        json.put("out_channels", network.outChannels());
        json.put("resnet_time_scale_shift", "default");
        json.put("sample_size", height == width ? (Object) height : List.of(height, width));
        json.put("time_embedding_type", "positional");
        json.put("up_block_types", up);
        json.put("upsample_type", "conv");
        return json;
    }

    /** Our names are today's names of diffusers; early files call the attention's layers otherwise. */
    static String theirs(String ours, boolean isEarly) {
        if (isEarly) {
            for (var layer : EARLY_LAYERS.entrySet()) {
                var today = "." + layer.getKey() + ".";
                if (ours.contains(today)) {
                    return ours.replace(today, "." + layer.getValue() + ".");
                }
            }
        }
        return ours;
    }
}
