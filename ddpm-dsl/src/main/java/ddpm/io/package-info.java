/**
 * Files in and out: safetensors, PyTorch's pickles, images as PNG and GIF.
 *
 * <p>A file that comes from elsewhere is an enemy until checked: sizes are compared with the file before memory is
 * taken, nothing in it is ever executed, and refusals name the file and the reason. Files are written whole or not at
 * all.
 */
package ddpm.io;
