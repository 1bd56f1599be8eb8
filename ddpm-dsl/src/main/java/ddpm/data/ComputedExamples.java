package ddpm.data;

import java.util.function.BiConsumer;

/** Examples that a function computes from their number. */
record ComputedExamples(
        int size,
        int channels,
        int height,
        int width,
        String identity,
        BiConsumer<Integer, float[]> write,
        boolean isStream)
        implements Examples {
    ComputedExamples {
        if (size < 1 || channels < 1 || height < 1 || width < 1 || identity.isBlank()) {
            throw new IllegalArgumentException(size + " examples of " + channels + " channels of " + height + " x "
                    + width + " called '" + identity + "': all numbers are at least 1, and the name is not empty");
        }
    }

    @Override
    public void read(int index, View view, float[] target, int offset) {
        var example = new float[channels * height * width];
        write.accept(index, example);
        System.arraycopy(example, 0, target, offset, example.length);
    }

    @Override
    public String describe() {
        return (isStream ? "a stream" : size + " examples") + " of " + channels + " x " + height + " x " + width + ", "
                + identity;
    }

    @Override
    public String fingerprint() {
        return "computed: " + describe();
    }
}
