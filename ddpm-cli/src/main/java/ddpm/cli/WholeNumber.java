package ddpm.cli;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Whole numbers of the command line, refused with the range that is allowed. */
final class WholeNumber {
    private WholeNumber() {}

    private static long parse(String text, long min, long max) {
        return parse(text, min, max, "in " + min + ".." + max);
    }

    private static long parse(String text, long min, long max, String allowed) {
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
            return (int) parse(text, 1, Integer.MAX_VALUE);
        }
    }

    /** 1..2^31-1 here; the upper end is the model's to say. */
    static final class Steps implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 1, Integer.MAX_VALUE, "from 1 to the model's T, 1000 for most");
        }
    }

    /** 1..1024: more threads than that only slow each other down. */
    static final class Threads implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 1, 1024);
        }
    }

    /** 1..64: of one pixel, a square of as many. */
    static final class Scale implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            return (int) parse(text, 1, 64);
        }
    }

    /** 0..2^56-1, see {@link ddpm.diffusion.Noise#MAX_IMAGES}. */
    static final class ImageIndex implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return parse(text, 0, (1L << 56) - 1);
        }
    }

    /** Any of the 2^64. */
    static final class Seed implements ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            return parse(text, Long.MIN_VALUE, Long.MAX_VALUE);
        }
    }
}
