package ddpm.cli;

import ddpm.cli.hub.ModelName;
import ddpm.data.Crop;
import ddpm.diffusion.BetaSchedule;
import ddpm.sampling.GraphSteps;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The conversion of words on the command line to values: by the type of the option wherever that is enough, and of whole
 * numbers by converters that refuse what is out of range.
 */
final class Values {
    private Values() {}

    /** Teaches a command and its subcommands all types, the enums of its options among them. */
    static CommandLine taught(CommandLine command) {
        command.getSubcommands().values().forEach(Values::taught);
        for (var argument : command.getCommandSpec().args()) {
            if (argument.type().isEnum()) {
                teach(command, argument.type());
            }
        }
        return command.registerConverter(Precision.class, refusing(Precision::parse))
                .registerConverter(Crop.class, refusing(Values::crop))
                .registerConverter(Path.class, refusing(Values::path))
                .registerConverter(ModelName.class, refusing(ModelName::new))
                .registerConverter(DataSpec.class, refusing(DataSpec::parse))
                .registerConverter(BetaSchedule.class, refusing(BetaSchedule::parse))
                .registerConverter(GraphSteps.class, refusing(GraphSteps::parse))
                .registerConverter(NetworkOptions.Size.class, refusing(NetworkOptions.Size::parse))
                .registerConverter(EngineOptions.DeviceChoice.class, refusing(EngineOptions.DeviceChoice::parse));
    }

    private static <E> void teach(CommandLine command, Class<E> type) {
        command.registerConverter(type, refusing(word -> constant(type, word)));
    }

    private static <E> E constant(Class<E> type, String word) {
        for (var constant : type.getEnumConstants()) {
            if (name(constant).equalsIgnoreCase(word)) {
                return constant;
            }
        }
        throw new IllegalArgumentException("'" + word + "' is none of "
                + Arrays.stream(type.getEnumConstants()).map(Values::name).collect(Collectors.joining(", ")));
    }

    private static Crop crop(String word) {
        return constant(Crop.class, word.equalsIgnoreCase("center") ? "centre" : word);
    }

    /** So many images in words: {@code 1 image}, {@code 2 images}. */
    static String images(long count) {
        return count + (count == 1 ? " image" : " images");
    }

    /** The command line's spelling of an enum's constant: {@code FIXED_SMALL} is {@code fixed-small}. */
    static String name(Object constant) {
        return ((Enum<?>) constant).name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** An empty path would silently mean the current folder. */
    private static Path path(String text) {
        try {
            if (!text.isBlank()) {
                return Path.of(text);
            }
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException("'" + text + "' is no path: " + e.getReason(), e);
        }
        throw new IllegalArgumentException("'" + text + "' is no path; name a file or a folder");
    }

    private static <T> ITypeConverter<T> refusing(Function<String, T> parse) {
        return text -> {
            try {
                return parse.apply(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(e.getMessage());
            }
        };
    }

    private static long whole(String text, long min, long max) {
        return whole(text, min, max, "in " + min + ".." + max);
    }

    private static long whole(String text, long min, long max, String allowed) {
        try {
            long value = Long.parseLong(text.strip());
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            // said below, together with the range
        }
        throw new TypeConversionException("'" + text + "' is not a whole number " + allowed);
    }

    /** 1..2^31-1. */
    static final class Count implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, Integer.MAX_VALUE);
        }
    }

    /** 1..2^31-1 here; the upper end is the model's to say. */
    static final class Steps implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, Integer.MAX_VALUE, "from 1 to the model's T, 1000 for most");
        }
    }

    /** 1..1024: more threads than that only slow each other down. */
    static final class Threads implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, 1024);
        }
    }

    /** 1..64: of one pixel, a square of as many. */
    static final class Scale implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) whole(text, 1, 64);
        }
    }

    /** 0..2^56-1, see {@link ddpm.diffusion.Noise#MAX_IMAGES}. */
    static final class ImageIndex implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return whole(text, 0, (1L << 56) - 1);
        }
    }

    /** Any of the 2^64. */
    static final class Seed implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return whole(text, Long.MIN_VALUE, Long.MAX_VALUE);
        }
    }
}
