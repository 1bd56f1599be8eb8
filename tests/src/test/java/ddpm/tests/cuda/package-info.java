/** CUDA without a GPU: the kernels that ship, computed on the CPU in every way there is. */
package ddpm.tests.cuda;
