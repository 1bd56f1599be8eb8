/**
 * Tensor files in and out, safetensors and PyTorch's pickles, and files and folders written whole.
 *
 * <p>A file that comes from elsewhere is an enemy until checked: sizes are compared with the file before memory is
 * taken, nothing in it is ever executed, time and memory stay proportional to its length, and refusals name the file and the
 * reason. Files are written whole or not at all.
 *
 * @since 0.1.0
 */
package ddpm.io;
