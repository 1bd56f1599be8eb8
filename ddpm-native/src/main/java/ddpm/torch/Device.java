package ddpm.torch;

import java.util.Locale;
import java.util.Objects;

/**
 * Where a tensor's memory lies.
 *
 * @param kind CPU or CUDA
 * @param index the CUDA device's number; 0 for the CPU
 */
public record Device(Kind kind, int index) {
    /** Kinds of devices, with c10::DeviceType's numbers. */
    public enum Kind {
        CPU(0),
        CUDA(1);

        private final int code;

        Kind(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }
    }

    public static final Device CPU = new Device(Kind.CPU, 0);

    public Device {
        Objects.requireNonNull(kind, "kind");
        if (index < 0 || (kind == Kind.CPU && index != 0)) {
            throw new IllegalArgumentException("no device " + kind.name().toLowerCase(Locale.ROOT) + ":" + index);
        }
    }

    public static Device cuda(int index) {
        return new Device(Kind.CUDA, index);
    }

    /**
     * Reads {@code cpu}, {@code cuda} or {@code cuda:N}.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static Device parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.equals("cuda")) {
            return cuda(0);
        }
        if (text.matches("cuda:\\d{1,3}")) {
            return cuda(Integer.parseInt(text.substring(5)));
        }
        throw new IllegalArgumentException("unknown device '" + text + "': use cpu, cuda or cuda:N");
    }

    static Device of(int code, int index) {
        return switch (code) {
            case 0 -> CPU;
            case 1 -> cuda(Math.max(index, 0));
            default ->
                throw new TorchException("libtorch device type number " + code + " is not one this library handles");
        };
    }

    @Override
    public String toString() {
        return kind == Kind.CPU ? "cpu" : "cuda:" + index;
    }
}
