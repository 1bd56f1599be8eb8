package ddpm.cli;

import ddpm.torch.DType;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The two that networks compute in, under the names that people use. */
final class PrecisionName implements ITypeConverter<DType> {
    @Override
    public DType convert(String text) {
        return parse(text, "");
    }

    /** @param others what else is allowed there */
    static DType parse(String text, String others) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "fp32", "float32" -> DType.FLOAT32;
            case "bf16", "bfloat16" -> DType.BFLOAT16;
            default -> throw new TypeConversionException("'" + text + "' is none of fp32, bf16" + others);
        };
    }

    static String of(DType precision) {
        return switch (precision) {
            case FLOAT32 -> "fp32";
            case BFLOAT16 -> "bf16";
            default -> throw new IllegalArgumentException("networks do not compute in " + precision);
        };
    }
}
