/**
 * Finding, unpacking and loading native libraries: libtorch's, bundled or installed, and CUDA's.
 *
 * <p>Nothing here calls libtorch or knows the packages that do; what goes wrong is an {@link java.io.IOException} whose
 * message is meant for users. Not exported.
 *
 * @since 0.1.0
 */
package ddpm.torch.natives;
