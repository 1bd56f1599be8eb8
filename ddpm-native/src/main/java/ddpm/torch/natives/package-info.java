/** Finding, unpacking and loading libtorch's libraries. Nothing of libtorch is called here; not exported. */
package ddpm.torch.natives;
