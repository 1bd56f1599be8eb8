package ddpm.cli;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Constants of an enum in the command line's spelling: {@code FIXED_SMALL} is {@code fixed-small}. */
abstract class EnumName<E extends Enum<E>> implements ITypeConverter<E> {
    private final Class<E> type;

    EnumName(Class<E> type) {
        this.type = type;
    }

    @Override
    public E convert(String text) {
        for (var constant : type.getEnumConstants()) {
            if (of(constant).equalsIgnoreCase(text)) {
                return constant;
            }
        }
        throw new TypeConversionException("'" + text + "' is none of "
                + Arrays.stream(type.getEnumConstants()).map(EnumName::of).collect(Collectors.joining(", ")));
    }

    /** How the command line spells a constant. */
    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
