/**
 * CUDA without a GPU: the kernels that ship, computed on the CPU in every way there is, and the
 * networks of the gpu-kit's peer.
 */
package ddpm.tests.cuda;
