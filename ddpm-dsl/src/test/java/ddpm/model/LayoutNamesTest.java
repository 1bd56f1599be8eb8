package ddpm.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.FileFormatException;
import ddpm.io.StoredTensor;
import ddpm.io.TensorFile;
import ddpm.io.TensorFormat;
import ddpm.nn.UNetConfig;
import ddpm.testing.Golden;
import ddpm.torch.DType;
import ddpm.torch.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every name of real checkpoints too large to keep here finds its place, and the sizes are read off the shapes. */
class LayoutNamesTest {
    /** Tensors of the recorded names and shapes, each beginning with its own position in the file. */
    private static TensorFile recorded(String path) throws IOException {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        var entries = JSON.std.mapFrom(Files.readString(Golden.path(path)));
        for (var entry : entries.entrySet()) {
            var sizes = (List<?>) ((Map<?, ?>) entry.getValue()).get("shape");
            var shape = Shape.of(
                    sizes.stream().mapToLong(n -> ((Number) n).longValue()).toArray());
            var name = entry.getKey().replace('/', '.');
            var data = name.endsWith("timembedding.0.weight")
                    ? sinusoids(shape)
                    : ByteBuffer.allocate(Math.toIntExact(shape.numel()) * Float.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putFloat(0, tensors.size());
            tensors.put(name, new StoredTensor(DType.FLOAT32, shape, data));
        }
        return file(tensors);
    }

    private static TensorFile file(LinkedHashMap<String, StoredTensor> tensors) {
        return new TensorFile(Path.of("ckpt.pt"), TensorFormat.TORCH_ZIP, tensors, new LinkedHashMap<>(), Map.of());
    }

    private static ByteBuffer sinusoids(Shape shape) {
        int channels = (int) shape.size(1);
        var table = ByteBuffer.allocate((int) shape.numel() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int t = 0; t < shape.size(0); t++) {
            for (int i = 0; i < channels / 2; i++) {
                double angle = t / Math.pow(10000, 2.0 * i / channels);
                table.putFloat((float) Math.sin(angle)).putFloat((float) Math.cos(angle));
            }
        }
        return table.flip();
    }

    private static final String HO = "ho_pytorch/mult22/model.pt.keys.json";
    private static final String W8 = "w86763777/main/ckpt.pt.keys.json";

    @ParameterizedTest
    @CsvSource({
        HO + ", temb.dense.1.bias, time_embedding.linear_2.bias",
        HO + ", down.0.block.0.temb_proj.weight, down_blocks.0.resnets.0.time_emb_proj.weight",
        HO + ", down.0.block.0.norm2.bias, down_blocks.0.resnets.0.norm2.bias",
        HO + ", down.0.downsample.conv.weight, down_blocks.0.downsamplers.0.conv.weight",
        HO + ", down.1.attn.0.k.weight, down_blocks.1.attentions.0.to_k.weight",
        HO + ", mid.block_2.conv1.bias, mid_block.resnets.1.conv1.bias",
        HO + ", mid.attn_1.proj_out.weight, mid_block.attentions.0.to_out.0.weight",
        HO + ", up.0.block.1.nin_shortcut.weight, up_blocks.1.resnets.1.conv_shortcut.weight",
        HO + ", up.1.block.0.conv2.weight, up_blocks.0.resnets.0.conv2.weight",
        HO + ", up.1.attn.1.v.bias, up_blocks.0.attentions.1.to_v.bias",
        HO + ", up.1.upsample.conv.bias, up_blocks.0.upsamplers.0.conv.bias",
        HO + ", norm_out.weight, conv_norm_out.weight",
        W8 + ", ema_model.time_embedding.timembedding.3.bias, time_embedding.linear_2.bias",
        W8 + ", ema_model.head.weight, conv_in.weight",
        W8 + ", ema_model.downblocks.1.block1.0.bias, down_blocks.0.resnets.1.norm1.bias",
        W8 + ", ema_model.downblocks.1.block2.0.bias, down_blocks.0.resnets.1.norm2.bias",
        W8 + ", ema_model.downblocks.2.main.weight, down_blocks.0.downsamplers.0.conv.weight",
        W8 + ", ema_model.downblocks.3.temb_proj.1.weight, down_blocks.1.resnets.0.time_emb_proj.weight",
        W8 + ", ema_model.downblocks.4.attn.proj_q.weight, down_blocks.1.attentions.1.to_q.weight",
        W8 + ", ema_model.middleblocks.0.attn.proj.bias, mid_block.attentions.0.to_out.0.bias",
        W8 + ", ema_model.middleblocks.1.block2.3.weight, mid_block.resnets.1.conv2.weight",
        W8 + ", ema_model.upblocks.3.main.bias, up_blocks.0.upsamplers.0.conv.bias",
        W8 + ", ema_model.upblocks.4.shortcut.weight, up_blocks.1.resnets.0.conv_shortcut.weight",
        W8 + ", ema_model.tail.2.weight, conv_out.weight"
    })
    void aTensorKeepsItsBytesUnderOurName(String recorded, String theirs, String ours) throws IOException {
        var file = recorded(recorded);
        var tensors = StoredModel.of(file, Weights.EMA).tensors(); // refuses any that is missing or unknown
        assertEquals(file.tensors().get(theirs).data(), tensors.get(ours).data());
    }

    @Test
    void sizesAreReadOffTheShapes() throws IOException {
        var ho = StoredModel.of(recorded(HO), Weights.EMA).card();
        var unet = (UNetConfig) ho.network();
        assertEquals(
                List.of(32, List.of(64, 64), 1, List.of(false, true), 32),
                List.of(unet.base(), unet.widths(), unet.resBlocks(), unet.attention(), ho.height()));
        var w8 = StoredModel.of(recorded(W8), Weights.EMA).card();
        unet = (UNetConfig) w8.network();
        assertEquals(
                List.of(32, List.of(32, 64), 2, List.of(false, true), 32, 1000),
                List.of(
                        unet.base(),
                        unet.widths(),
                        unet.resBlocks(),
                        unet.attention(),
                        w8.width(),
                        w8.schedule().steps()));
        assertTrue(unet.symmetricPadding());
        assertEquals(1e-5, unet.normEps());
    }

    @Test
    void theImageSizeOfACheckpointIsThatOfItsOwnNoise() throws IOException {
        var tensors = new LinkedHashMap<>(recorded(W8).tensors());
        tensors.put("x_T", zeros(1, 3, 24, 48));
        var card = StoredModel.of(file(tensors), Weights.EMA).card();
        assertEquals(List.of(24, 48), List.of(card.height(), card.width()));
    }

    private static StoredTensor zeros(long... sizes) {
        var shape = Shape.of(sizes);
        return new StoredTensor(DType.FLOAT32, shape, ByteBuffer.allocate((int) shape.numel() * Float.BYTES));
    }

    @ParameterizedTest
    @CsvSource({
        "model.model.downs.0.0.block1.proj.weight, lucidrains, RMS norms and its attention is linear",
        "model.diffusion_model.input_blocks.0.0.weight, Stable Diffusion, latents",
        "input_blocks.0.0.weight, guided-diffusion, learn variances",
        "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight, UNet2DConditionModel, listens to a text",
        "post_quant_conv.weight, autoencoder, no denoiser",
        "module.all_modules.0.weight, score_sde, not in the file",
        "blocks.0.adaLN_modulation.1.weight, DiT, not a UNet"
    })
    void modelsOfOtherKindsAreRefusedByName(String tensor, String name, String reason) {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        tensors.put("conv_in.weight", zeros(4, 3, 3, 3));
        tensors.put("down_blocks.0.resnets.0.conv1.weight", zeros(4, 4, 3, 3));
        tensors.put(tensor, zeros(1));
        var refused = assertThrows(FileFormatException.class, () -> ModelLayout.of(file(tensors)));
        assertTrue(refused.reason().contains(name) && refused.reason().contains(reason), refused.reason());
        assertTrue(refused.reason().contains("'" + tensor + "'"), refused.reason());
    }

    @Test
    void resamplingWithoutConvolutionsIsRefused() throws IOException {
        var tensors = new LinkedHashMap<>(recorded(HO).tensors());
        tensors.keySet().removeIf(name -> name.contains("sample.conv"));
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.of(file(tensors), Weights.EMA));
        assertTrue(refused.reason().contains("resamp_with_conv=False"), refused.reason());
    }

    @Test
    void moreSetsOfWeightsThanAnyTrainerKeepsAreRefused() {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        for (int i = 0; i < 17; i++) {
            tensors.put(i + ".temb.dense.0.weight", zeros(1));
        }
        var refused = assertThrows(FileFormatException.class, () -> ModelLayout.of(file(tensors)));
        assertTrue(refused.reason().contains("holds 17 tensors named 'temb.dense.0.weight'"), refused.reason());
    }

    @ParameterizedTest
    @CsvSource({
        "model., ema., EMA, ema.",
        "model., ema., RAW, model.",
        "ema.online_model., ema.ema_model., EMA, ema.ema_model.",
        "ema.online_model., ema.ema_model., RAW, ema.online_model.",
        "0.module., 4., EMA, 4.",
        "0.module., 4., RAW, 0.module.",
        "state_dict.net., '', EMA, state_dict.net."
    })
    void theSetAskedForIsFoundByItsPrefix(String first, String second, Weights weights, String found)
            throws IOException {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        tensors.put(first + "temb.dense.0.weight", zeros(1));
        tensors.put(second.isEmpty() ? "other" : second + "temb.dense.0.weight", zeros(1));
        assertEquals(
                found,
                StateDict.find(file(tensors), "temb.dense.0.weight", weights).prefix());
    }

    /** The recorded model under each of two paths, told apart by the first element of a tensor. */
    private static TensorFile under(String first, String second) throws IOException {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        for (var path : new String[] {first, second}) {
            recorded(HO).tensors().forEach((name, tensor) -> tensors.put(path + name, tensor));
        }
        return file(tensors);
    }

    @ParameterizedTest
    @CsvSource({
        "model., ema., model., ema.",
        "non_ema., ema., non_ema., ema.",
        "ema_model., model., model., ema_model.",
        "net.module., net_ema.module., net.module., net_ema.module.",
        "ema.online_model., ema.ema_model., ema.online_model., ema.ema_model.",
        "0.module., 4.module., 0.module., 4.module.",
        "model., shadow-params., model., shadow-params.",
        // Nothing here is an average: the first set is both.
        "semantic_model., schema., semantic_model., semantic_model.",
        "4., 5., 4., 4."
    })
    void averagesAreKnownByWholeWordsOfTheirPath(String first, String second, String raw, String ema) throws Exception {
        var file = under(first, second);
        assertEquals(ModelLayout.HO_PYTORCH, ModelLayout.of(file));
        assertTrue(StoredModel.of(file, Weights.RAW).origin().contains("'" + raw + "'"));
        assertTrue(StoredModel.of(file, Weights.EMA).origin().contains("'" + ema + "'"));
    }

    @ParameterizedTest
    @CsvSource({"ema.shadow_params.0", "ema.shadow.module.other", "averaged_model.weights.3"})
    void anAverageThatCannotBeUsedIsNotReplacedByTheRawWeights(String name) throws Exception {
        var tensors = new LinkedHashMap<String, StoredTensor>();
        recorded(HO).tensors().forEach((key, tensor) -> tensors.put("model." + key, tensor));
        tensors.put(name, tensors.get("model.conv_in.weight"));
        assertEquals(ModelLayout.HO_PYTORCH, ModelLayout.of(file(tensors)));
        var refused = assertThrows(FileFormatException.class, () -> StoredModel.of(file(tensors), Weights.EMA));
        assertTrue(refused.reason().startsWith("holds an average that cannot be used: '" + name), refused.reason());
        assertTrue(StoredModel.of(file(tensors), Weights.RAW).origin().startsWith("the weights under 'model.'"));
    }
}
