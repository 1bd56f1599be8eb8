package ddpm.model;

import ddpm.diffusion.BetaSchedule;
import ddpm.diffusion.Clip;
import ddpm.diffusion.Prediction;
import ddpm.diffusion.Variance;
import ddpm.io.StoredCast;
import ddpm.nn.TimeEmbedding;
import ddpm.nn.UNetConfig;
import ddpm.torch.DType;
import java.util.ArrayList;
import java.util.Map;

/**
 * The checkpoints of w86763777/pytorch-ddpm: {@code net_model, ema_model, sched, optim, step, x_T}. Its blocks are
 * numbered through all levels, its time embedding is a stored table of T rows, its image size that of {@code x_T}.
 */
final class W86763777Layout {
    static final String MARKER = "time_embedding.timembedding.1.weight";

    private static final String TABLE = "time_embedding.timembedding.0.weight";
    private static final String NOISE = "x_T";

    /** float32 sinusoids at t near 1000 differ by 6e-5 between libraries; any other table differs by about 1. */
    private static final double TABLE_TOLERANCE = 1e-3;

    private static final Map<String, String> LAYERS = Map.ofEntries(
            Map.entry("time_embedding.linear_1", "time_embedding.timembedding.1"),
            Map.entry("time_embedding.linear_2", "time_embedding.timembedding.3"),
            Map.entry("conv_in", "head"),
            Map.entry("conv_norm_out", "tail.0"),
            Map.entry("conv_out", "tail.2"),
            Map.entry("norm1", "block1.0"),
            Map.entry("conv1", "block1.2"),
            Map.entry("time_emb_proj", "temb_proj.1"),
            Map.entry("norm2", "block2.0"),
            Map.entry("conv2", "block2.3"),
            Map.entry("conv_shortcut", "shortcut"),
            Map.entry("group_norm", "attn.group_norm"),
            Map.entry("to_q", "attn.proj_q"),
            Map.entry("to_k", "attn.proj_k"),
            Map.entry("to_v", "attn.proj_v"),
            Map.entry("to_out.0", "attn.proj"));

    private W86763777Layout() {}

    static StoredModel read(StateDict weights) {
        int steps = requireSinusoids(weights);
        var unet = config(weights);
        var noise = weights.file().tensors().get(NOISE);
        boolean hasNoise = noise != null && noise.shape().rank() == 4;
        int size = PublishedModels.imageSize(unet);
        var card = new ModelCard(
                unet,
                BetaSchedule.linear(steps, BetaSchedule.DEFAULT_START, BetaSchedule.DEFAULT_END),
                Prediction.EPSILON,
                Variance.FIXED_LARGE,
                Clip.X0,
                hasNoise ? Math.toIntExact(noise.shape().size(2)) : size,
                hasNoise ? Math.toIntExact(noise.shape().size(3)) : size,
                Map.of(
                        "source",
                        "a checkpoint of w86763777/pytorch-ddpm",
                        "assumed",
                        "linear betas" + (hasNoise ? "" : ", image size from attention at 16 x 16")));
        int resBlocks = unet.resBlocks();
        return new StoredModel(ModelLayout.W86763777, card, weights.without(TABLE), name -> theirs(name, resBlocks));
    }

    private static UNetConfig config(StateDict weights) {
        var in = weights.shape("head.weight", 4);
        int base = Math.toIntExact(in.size(0));
        var widths = new ArrayList<Integer>();
        var attention = new ArrayList<Boolean>();
        int resBlocks = weights.count("downblocks.", ".block1.2.weight"); // up to the first level's down-sampling
        for (int n = 0; weights.has(block(n)); n += resBlocks + 1) {
            widths.add(weights.width(block(n)));
            attention.add(weights.has("downblocks." + n + ".attn.proj_q.weight"));
        }
        return new UNetConfig(
                Math.toIntExact(in.size(1)),
                Math.toIntExact(weights.shape("tail.2.weight", 4).size(0)),
                base,
                widths,
                resBlocks,
                attention,
                0,
                PublishedModels.GROUPS,
                1e-5,
                0,
                0,
                TimeEmbedding.Order.INTERLEAVED,
                true);
    }

    private static String block(int n) {
        return "downblocks." + n + ".block1.2.weight";
    }

    /**
     * The embedding is a table [T, ch] that its project never trains. Ours is computed, so another table would be another
     * network.
     *
     * @return T
     */
    private static int requireSinusoids(StateDict weights) {
        var shape = weights.shape(TABLE, 2);
        int steps = Math.toIntExact(shape.size(0));
        int channels = Math.toIntExact(shape.size(1));
        var table = StoredCast.to(DType.FLOAT32, Map.of(TABLE, weights.tensors().get(TABLE)))
                .get(TABLE)
                .data()
                .asFloatBuffer();
        for (int t = 0; t < steps; t++) {
            for (int i = 0; i < channels; i++) {
                double angle = t * Math.exp(-Math.log(10000) * (i - i % 2) / channels);
                double sinusoid = i % 2 == 0 ? Math.sin(angle) : Math.cos(angle);
                if (!(Math.abs(table.get(t * channels + i) - sinusoid) < TABLE_TOLERANCE)) {
                    throw new IllegalArgumentException("its time embedding is not the project's: " + TABLE + "[" + t
                            + ", " + i + "] is " + table.get(t * channels + i) + ", not " + (float) sinusoid);
                }
            }
        }
        return steps;
    }

    private static String theirs(String ours, int resBlocks) {
        return switch (UNetKey.of(ours)) {
            case UNetKey.Outer(var layer, var role) -> LAYERS.get(layer) + "." + role;
            case UNetKey.Middle(var kind, var index, var layer, var role) -> // attention belongs to the block before it
                "middleblocks." + index + "." + LAYERS.get(layer) + "." + role;
            case UNetKey.Down(var level, var kind, var index, var layer, var role) ->
                kind == UNetKey.Kind.RESAMPLE
                        ? "downblocks." + (level * (resBlocks + 1) + resBlocks) + ".main." + role
                        : "downblocks." + (level * (resBlocks + 1) + index) + "." + LAYERS.get(layer) + "." + role;
            case UNetKey.Up(var level, var kind, var index, var layer, var role) ->
                kind == UNetKey.Kind.RESAMPLE
                        ? "upblocks." + (level * (resBlocks + 2) + resBlocks + 1) + ".main." + role
                        : "upblocks." + (level * (resBlocks + 2) + index) + "." + LAYERS.get(layer) + "." + role;
        };
    }
}
