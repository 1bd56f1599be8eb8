/**
 * Networks: layers, the notebook's small UNet and the paper's UNet, and the parameters they ask their paths for.
 *
 * <p>A module is built at a {@link ddpm.nn.Params} path, so a parameter's name in a checkpoint is where its module
 * stands. Nothing here knows of diffusion, files or training; a network is a function of tensors.
 */
package ddpm.nn;
