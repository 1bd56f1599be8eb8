package ddpm.model;

import ddpm.nn.UNetConfig;

/** Common values of the published DDPM configurations, for checkpoints that store weights and nothing else. */
final class PublishedModels {
    /** Groups of every norm in Ho et al.'s code and its ports. */
    static final int GROUPS = 32;

    /** From this size on, images were sampled with the small variance. */
    static final int LARGE = 256;

    /** Where attention stands, in pixels. */
    private static final int ATTENTION_AT = 16;

    private static final int USUAL_SIZE = 32;

    private PublishedModels() {}

    /**
     * Height and width of the images: all published models have their attention at 16 x 16 pixels, so its level tells.
     * Without any, 32 or the least that can be halved often enough.
     */
    static int imageSize(UNetConfig unet) {
        int level = unet.attention().indexOf(true);
        return level >= 0
                ? Math.max(ATTENTION_AT << level, unet.sizeMultiple())
                : Math.max(USUAL_SIZE, unet.sizeMultiple());
    }
}
