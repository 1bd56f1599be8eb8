/**
 * CUDA beside libtorch: streams, events, graphs and kernels of our own, through libcudart and the driver by FFM.
 *
 * <p>Every function is optional: where CUDA is missing, {@link ddpm.torch.cuda.CudaStatus} says which part and what to do,
 * and nothing here is loaded. Nothing in this package knows what is computed.
 *
 * @since 0.1.0
 */
package ddpm.torch.cuda;
