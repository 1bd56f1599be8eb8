/**
 * Many processes that compute one thing: which of them this one is, as its launcher says, and the sums and broadcasts by
 * which they agree. The collectives are PyTorch's own (c10d with Gloo) on CPUs and NCCL's on GPUs. A group of one needs nothing.
 *
 * @since 0.1.0
 */
package ddpm.torch.collective;
