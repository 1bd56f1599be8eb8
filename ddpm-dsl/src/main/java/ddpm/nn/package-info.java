/**
 * Networks: layers, the notebook's small UNet and the paper's UNet, and the parameters they ask their paths for.
 *
 * <p>A block is built at a {@link ddpm.nn.ParamPath}, so a parameter's name in a checkpoint is where its block
 * stands. Nothing here knows of diffusion, files or training; a network is a function of tensors.
 *
 * @since 0.1.0
 */
package ddpm.nn;
