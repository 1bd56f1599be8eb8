/**
 * The JavaCPP side of libtorch: what the stable C ABI lacks is reached here through bytedeco's generated classes, on the
 * same native libraries and the same tensors. Types of {@code org.bytedeco} appear in this package and nowhere else.
 * Nothing here is on the way of an ordinary forward or backward pass.
 *
 * @since 0.1.0
 */
package ddpm.torch.cpp;
