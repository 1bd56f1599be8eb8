package ddpm.io;

import ddpm.torch.DType;

/**
 * A flat run of elements that tensors are views of, as a pickle names it; its bytes lie elsewhere in the file.
 *
 * @param key its name in the file
 * @param numel number of elements, at least 0; {@code numel * dtype.bytes()} fits a long
 */
record TorchStorage(String key, DType dtype, long numel) {
    long bytes() {
        return numel * dtype.bytes();
    }
}
