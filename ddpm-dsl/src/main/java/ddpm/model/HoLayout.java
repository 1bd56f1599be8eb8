package ddpm.model;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import java.util.ArrayList;
import java.util.Map;

/**
 * Ho et al.'s network as pesser/pytorch_diffusion and ermongroup/ddim wrote it in PyTorch. Their files hold weights only:
 * sizes are read off these, and the rest is as in the projects' published configurations.
 */
final class HoLayout {
    static final String MARKER = "temb.dense.0.weight";

    private static final Map<String, String> LAYERS = Map.ofEntries(
            Map.entry("time_embedding.linear_1", "temb.dense.0"),
            Map.entry("time_embedding.linear_2", "temb.dense.1"),
            Map.entry("conv_norm_out", "norm_out"),
            Map.entry("time_emb_proj", "temb_proj"),
            Map.entry("conv_shortcut", "nin_shortcut"),
            Map.entry("group_norm", "norm"),
            Map.entry("to_q", "q"),
            Map.entry("to_k", "k"),
            Map.entry("to_v", "v"),
            Map.entry("to_out.0", "proj_out"));

    private HoLayout() {}

    static StoredModel read(StateDict weights) {
        var unet = config(weights);
        int size = PublishedModels.imageSize(unet);
        var card = new ModelCard(
                unet,
                BetaSchedule.ho2020(),
                Prediction.EPSILON,
                size >= PublishedModels.LARGE ? Variance.FIXED_SMALL : Variance.FIXED_LARGE,
                Clip.X0,
                size,
                size,
                Map.of(
                        "source", "a state dict in the layout of pesser/pytorch_diffusion and ermongroup/ddim",
                        "assumed", "T = 1000, linear betas, image size from attention at 16 x 16"));
        int levels = unet.widths().size();
        return new StoredModel(ModelLayout.HO_PYTORCH, card, weights, name -> theirs(name, levels));
    }

    private static UNetConfig config(StateDict weights) {
        var in = weights.shape("conv_in.weight", 4);
        int base = Math.toIntExact(in.size(0));
        var widths = new ArrayList<Integer>();
        var attention = new ArrayList<Boolean>();
        for (int level = 0; weights.has("down." + level + ".block.0.conv1.weight"); level++) {
            widths.add(weights.width("down." + level + ".block.0.conv1.weight"));
            attention.add(weights.has("down." + level + ".attn.0.q.weight"));
        }
        if (widths.size() > 1 && !weights.has("down.0.downsample.conv.weight")) {
            throw new IllegalArgumentException(
                    "it was built with resamp_with_conv=False (no down.0.downsample.conv), and"
                            + " only resampling with convolutions is supported");
        }
        return new UNetConfig(
                Math.toIntExact(in.size(1)),
                Math.toIntExact(weights.shape("conv_out.weight", 4).size(0)),
                base,
                widths,
                weights.count("down.0.block.", ".conv1.weight"),
                attention,
                0,
                PublishedModels.GROUPS,
                1e-6,
                0,
                1,
                TimeEmbedding.Order.SINE_FIRST,
                false);
    }

    private static String theirs(String ours, int levels) {
        return switch (UNetKey.of(ours)) {
            case UNetKey.Outer(var layer, var role) -> named(layer) + "." + role;
            case UNetKey.Middle(var kind, var index, var layer, var role) ->
                (kind == UNetKey.Kind.ATTENTION ? "mid.attn_" : "mid.block_") + (index + 1) + "." + named(layer) + "."
                        + role;
            case UNetKey.Down(var level, var kind, var index, var layer, var role) ->
                "down." + level + "." + place(kind, index, "downsample", layer) + "." + role;
            case UNetKey.Up(var level, var kind, var index, var layer, var role) -> // counted from full resolution
                "up." + (levels - 1 - level) + "." + place(kind, index, "upsample", layer) + "." + role;
        };
    }

    private static String place(UNetKey.Kind kind, int index, String resample, String layer) {
        return switch (kind) {
            case RESNET -> "block." + index + "." + named(layer);
            case ATTENTION -> "attn." + index + "." + named(layer);
            case RESAMPLE -> resample + "." + layer;
        };
    }

    private static String named(String layer) {
        return LAYERS.getOrDefault(layer, layer);
    }
}
