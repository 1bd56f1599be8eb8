package ddpm.model;

import ddpm.io.FileBytes;
import ddpm.io.FileFormatException;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import ddpm.text.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The network in diffusers' {@code config.json} of a UNet2DModel.
 *
 * @param network the network
 * @param height of the images, pixels
 * @param width likewise
 * @param notes for the card: what was assumed, and fields that UNet2DModel has no use for either, such as those of a
 *     trainer's average
 */
record DiffusersUNet(UNetConfig network, int height, int width, Map<String, String> notes) {
    static final String FILE = "config.json";

    private static final int USUAL_SIZE = 32;

    /**
     * A field that is missing has UNet2DModel's own default, which is seldom that of Ho et al.'s models.
     *
     * @throws FileFormatException if it describes anything that {@link UNetConfig} cannot; the field is named
     */
    static DiffusersUNet read(Path file) throws IOException {
        return FileBytes.readJson(file, "the configuration", DiffusersUNet::read);
    }

    private static DiffusersUNet read(JsonObject json) {
        requireSupported(json);
        var widths = json.list("block_out_channels", Integer.class, List.of(224, 448, 672, 896));
        var attention = DiffusersBlocks.attention(json);
        if (widths.isEmpty() || widths.size() != attention.size()) {
            throw json.bad(
                    "block_out_channels",
                    "is " + widths + " and down_block_types has " + attention.size()
                            + " blocks; each level needs one of both");
        }
        var network = new UNetConfig(
                json.integer("in_channels", 3),
                json.integer("out_channels", 3),
                widths.getFirst(),
                widths,
                json.integer("layers_per_block", 2),
                attention,
                json.has("attention_head_dim") && json.isNothing("attention_head_dim") ? 0 : headChannels(json),
                json.integer("norm_num_groups", 32),
                json.number("norm_eps", 1e-5),
                json.number("dropout", 0),
                json.integer("freq_shift", 0),
                json.flag("flip_sin_to_cos", true) ? TimeEmbedding.Order.COSINE_FIRST : TimeEmbedding.Order.SINE_FIRST,
                json.integer("downsample_padding", 1) == 1,
                labels(json));
        var notes = new LinkedHashMap<String, String>();
        var size = size(json);
        if (size.isEmpty()) {
            int side = Math.max(USUAL_SIZE, network.sizeMultiple());
            size = List.of(side, side);
            notes.put("assumed size", side + " x " + side + ": " + FILE + " has no sample_size");
        }
        if (!json.unread().isEmpty()) {
            notes.put("ignored", "of " + FILE + ": " + String.join(", ", json.unread()));
        }
        return new DiffusersUNet(network, size.get(0), size.get(1), notes);
    }

    private static void requireSupported(JsonObject json) {
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
    }

    private static int headChannels(JsonObject json) {
        int channels = json.integer("attention_head_dim", 8);
        if (channels < 1) {
            throw json.bad("attention_head_dim", "is " + channels + "; supported is null or at least 1");
        }
        return channels;
    }

    private static int labels(JsonObject json) {
        if (json.isNothing("num_class_embeds")) {
            return 0;
        }
        int labels = json.integer("num_class_embeds", 0);
        if (labels < 1) {
            throw json.bad("num_class_embeds", "is " + labels + "; supported is null or at least 1");
        }
        return labels;
    }

    /** Height and width; empty if there are none, which diffusers allows. */
    private static List<Integer> size(JsonObject json) {
        if (json.isNothing("sample_size")) {
            return List.of();
        }
        List<Integer> size;
        try {
            int side = json.integer("sample_size", 0);
            size = List.of(side, side);
        } catch (IllegalArgumentException notOneNumber) {
            size = json.list("sample_size", Integer.class, List.of());
        }
        if (size.size() != 2) {
            throw json.bad("sample_size", "is " + size + ", not a number or [height, width]");
        }
        return size;
    }

    /**
     * Writes the configuration, every field of it.
     *
     * @throws IllegalArgumentException for what a UNet2DModel cannot be
     */
    Map<String, Object> json() {
        if (network.timeOrder() == TimeEmbedding.Order.INTERLEAVED) {
            throw new IllegalArgumentException(
                    "the model's time embedding has sines and cosines interleaved, which diffusers' UNet2DModel has not");
        }
        if (network.widths().getFirst() != network.base()) {
            throw new IllegalArgumentException(
                    "the model is " + network.widths().getFirst()
                            + " wide at full resolution and " + network.base()
                            + " after its first convolution, which in diffusers' UNet2DModel is one width");
        }
        var json = new LinkedHashMap<String, Object>();
        json.put("_class_name", "UNet2DModel");
        json.put("_diffusers_version", DiffusersFolder.VERSION);
        json.put("act_fn", "silu");
        json.put("add_attention", true);
        json.put("attention_head_dim", network.headChannels() == 0 ? null : network.headChannels());
        json.put("attn_norm_num_groups", null);
        json.put("block_out_channels", network.widths());
        json.put("center_input_sample", false);
        json.put("class_embed_type", null);
        json.put("down_block_types", DiffusersBlocks.down(network.attention()));
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
        json.put("num_class_embeds", network.labels() == 0 ? null : network.labels());
        json.put("num_train_timesteps", null);
        json.put("out_channels", network.outChannels());
        json.put("resnet_time_scale_shift", "default");
        json.put("sample_size", height == width ? (Object) height : List.of(height, width));
        json.put("time_embedding_type", "positional");
        json.put("up_block_types", DiffusersBlocks.up(network.attention()));
        json.put("upsample_type", "conv");
        return json;
    }
}
