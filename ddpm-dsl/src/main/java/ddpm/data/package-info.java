/**
 * Images in: MNIST, CIFAR-10, and folders and archives of pictures, each as an indexed set of bytes in [C, H, W].
 *
 * <p>Nothing here knows tensors, models or the order of training: a set answers "image i", the same on every call, and
 * whoever trains decides which i comes next and draws flips and crops. A file that comes from elsewhere is checked
 * before memory is taken for it, and a refusal names the file, the reason and what to do.
 *
 * @since 0.1.0
 */
package ddpm.data;
