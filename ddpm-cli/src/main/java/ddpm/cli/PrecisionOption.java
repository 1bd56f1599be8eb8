package ddpm.cli;

import ddpm.torch.DType;
import picocli.CommandLine.Option;

/** What a network computes in where its numbers count. */
final class PrecisionOption {
    @Option(
            names = "--precision",
            paramLabel = "P",
            converter = PrecisionName.class,
            defaultValue = "fp32",
            description =
                    "What the network computes in: fp32, or bf16, which is faster on processors that have it, at 8"
                            + " bits to a number (default: ${DEFAULT-VALUE}).")
    private DType precision;

    DType precision() {
        return precision;
    }

    @Override
    public String toString() {
        return PrecisionName.of(precision);
    }
}
