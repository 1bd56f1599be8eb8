/**
 * libtorch from Java: tensors, scopes that own their memory, operators, autograd, and the loader that finds a libtorch.
 *
 * <p>Everything here goes through libtorch's stable C ABI with the Foreign Function and Memory API; no C++ of ours, no
 * reflection. Nothing here knows of modules, diffusion or files, and no {@code MemorySegment} leaves this package.
 *
 * @since 0.1.0
 */
package ddpm.torch;
