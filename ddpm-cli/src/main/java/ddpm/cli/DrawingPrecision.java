package ddpm.cli;

import ddpm.torch.DType;
import ddpm.torch.Device;
import ddpm.torch.Processor;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** What a network computes in while it draws: left open, what is fast and draws as well. */
final class DrawingPrecision {
    @Option(
            names = "--precision",
            paramLabel = "P",
            converter = Choice.Converter.class,
            defaultValue = "auto",
            description =
                    "What the network computes in: fp32, bf16 (8 bits to a number, and faster on processors that have"
                            + " it), or auto, which is bf16 on such processors (default: ${DEFAULT-VALUE}).")
    private Choice choice;

    /** @param asked null for what suits the device */
    record Choice(DType asked) {
        static final class Converter implements ITypeConverter<Choice> {
            @Override
            public Choice convert(String text) {
                return text.equalsIgnoreCase("auto")
                        ? new Choice(null)
                        : new Choice(PrecisionName.parse(text, ", auto"));
            }
        }
    }

    /** The one asked for, or the fastest on this device of those that draw equally well. */
    DType on(Device device) {
        if (choice.asked() != null) {
            return choice.asked();
        }
        return device.kind() == Device.Kind.CPU && Processor.multipliesBfloat16() ? DType.BFLOAT16 : DType.FLOAT32;
    }

    /** Why it is that one. */
    String reason(Device device) {
        if (choice.asked() != null) {
            return "as asked for";
        }
        return device.kind() != Device.Kind.CPU
                ? "the default on a GPU"
                : Processor.multipliesBfloat16()
                        ? "this processor multiplies bfloat16 (AVX512_BF16 or AMX)"
                        : "this processor has no instructions known here for bfloat16";
    }
}
