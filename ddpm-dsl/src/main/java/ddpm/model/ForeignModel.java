package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.io.FileFormatException;
import ddpm.io.TensorFile;

/** Well-known models of other kinds, which people take for DDPMs of this one: refused by name, with the reason. */
enum ForeignModel {
    LUCIDRAINS(
            "downs.0.0.block1.proj.weight",
            "a model of lucidrains/denoising-diffusion-pytorch",
            "its blocks have RMS norms and its attention is linear, which is another network than Ho et al.'s"),
    STABLE_DIFFUSION(
            "model.diffusion_model.input_blocks.0.0.weight",
            "a latent diffusion model (Stable Diffusion's layout)",
            "it works on an autoencoder's latents and listens to text, not on pixels alone"),
    GUIDED_DIFFUSION(
            "input_blocks.0.0.weight",
            "a model of openai's improved-diffusion or guided-diffusion",
            "its blocks scale as well as shift by time and learn variances, which is another network than Ho et al.'s"),
    TEXT_TO_IMAGE(
            "attn2.to_k.weight",
            "a UNet2DConditionModel (Stable Diffusion's UNet in diffusers)",
            "its attention listens to a text, and it works on latents"),
    AUTOENCODER("post_quant_conv.weight", "an autoencoder of latent diffusion", "it is no denoiser"),
    SCORE_SDE(
            "all_modules.0.weight",
            "a model of yang-song/score_sde_pytorch",
            "its layers are numbered in the order of its configuration, which is not in the file"),
    TRANSFORMER(
            "blocks.0.adaLN_modulation.1.weight",
            "a diffusion transformer (DiT)",
            "it is a transformer over patches, not a UNet");

    private final String marker;
    private final String name;
    private final String reason;

    ForeignModel(String marker, String name, String reason) {
        this.marker = marker;
        this.name = name;
        this.reason = reason;
    }

    /** @throws FileFormatException if the file is one of these */
    static void refuse(TensorFile file) throws FileFormatException {
        for (var model : values()) {
            for (var tensor : file.tensors().keySet()) {
                if (tensor.equals(model.marker) || tensor.endsWith("." + model.marker)) {
                    throw new FileFormatException(
                            file.path(),
                            "is " + model.name + " (it has " + quote(tensor) + "), which cannot be loaded: "
                                    + model.reason + "; use a checkpoint of a layout in the guide's table of files");
                }
            }
        }
    }
}
