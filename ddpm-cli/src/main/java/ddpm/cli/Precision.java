package ddpm.cli;

import ddpm.nn.NetworkConfig;
import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.KernelCheck;
import ddpm.torch.Processor;
import java.util.Locale;

/** The numbers that a network computes in. */
enum Precision {
    FP32,
    /** With 8 bits to a number, and faster on processors that multiply it. */
    BF16,
    /** bf16 on a CPU that multiplies it, else fp32: the images are as good. */
    AUTO;

    static final String HELP = "Numbers that the network computes in: fp32, bf16 (8 bits each, and faster on processors"
            + " that multiply them) or auto, which is bf16 on such processors (default: ${DEFAULT-VALUE}).";

    static Precision parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "fp32", "float32" -> FP32;
            case "bf16", "bfloat16" -> BF16;
            case "auto" -> AUTO;
            default -> throw new IllegalArgumentException("'" + text + "' is none of fp32, bf16, auto");
        };
    }

    /** The choice for a network on a device: this, or what {@link #AUTO} is there. */
    Precision on(Device device, NetworkConfig network) {
        boolean bf16 = this == AUTO
                && isMultipliedBy(device)
                && network.computesIn(DType.BFLOAT16)
                && KernelCheck.trusts(DType.BFLOAT16);
        return this != AUTO ? this : bf16 ? BF16 : FP32;
    }

    /** The reason for the choice, in words. */
    String reason(Device device, NetworkConfig network) {
        return this != AUTO
                ? "as asked for"
                : !network.computesIn(DType.BFLOAT16)
                        ? "this network computes in float32 alone"
                        : device.kind() != Device.Kind.CPU
                                ? "the default on a GPU"
                                : isMultipliedBy(device) && !KernelCheck.trusts(DType.BFLOAT16)
                                        ? "this libtorch computes some layers wrongly in bfloat16, see ddpm doctor"
                                        : isMultipliedBy(device)
                                                ? "this processor multiplies bfloat16 (AVX512_BF16 or AMX)"
                                                : "this processor has no instructions known here for bfloat16";
    }

    private static boolean isMultipliedBy(Device device) {
        return device.kind() == Device.Kind.CPU && Processor.multipliesBfloat16();
    }

    /** @throws IllegalArgumentException if nothing is chosen yet */
    DType type() {
        return switch (this) {
            case FP32 -> DType.FLOAT32;
            case BF16 -> DType.BFLOAT16;
            case AUTO -> throw new IllegalArgumentException("--precision auto: choose fp32 or bf16");
        };
    }

    @Override
    public String toString() {
        return Values.name(this);
    }
}
