package ddpm.model;

import java.util.regex.Pattern;

/**
 * Where one of {@link ddpm.nn.UNet}'s parameters stands, taken apart: other projects name the same places otherwise.
 */
sealed interface UNetKey {
    /** The kind of block at a place of a level. */
    enum Kind {
        RESNET,
        ATTENTION,
        RESAMPLE
    }

    /**
     * Outside the blocks.
     *
     * @param layer e.g. {@code conv_in} or {@code time_embedding.linear_1}
     * @param role {@code weight} or {@code bias}
     */
    record Outer(String layer, String role) implements UNetKey {}

    /** In the middle. */
    record Middle(Kind kind, int index, String layer, String role) implements UNetKey {}

    /** On the way down; levels count from full resolution. */
    record Down(int level, Kind kind, int index, String layer, String role) implements UNetKey {}

    /** On the way up; levels count from the deepest. */
    record Up(int level, Kind kind, int index, String layer, String role) implements UNetKey {}

    Pattern IN_BLOCK = Pattern.compile(
            "(?:(down|up)_blocks\\.(\\d+)|mid_block)\\.(resnets|attentions|downsamplers|upsamplers)\\.(\\d+)\\.(.+)\\.(weight|bias)");

    /** @param name a parameter's name as {@link ddpm.nn.UNet} declares it */
    static UNetKey of(String name) {
        var in = IN_BLOCK.matcher(name);
        if (!in.matches()) {
            int dot = name.lastIndexOf('.');
            return new Outer(name.substring(0, dot), name.substring(dot + 1));
        }
        var kind = switch (in.group(3)) {
            case "resnets" -> Kind.RESNET;
            case "attentions" -> Kind.ATTENTION;
            default -> Kind.RESAMPLE;
        };
        int index = Integer.parseInt(in.group(4));
        return switch (in.group(1)) {
            case null -> new Middle(kind, index, in.group(5), in.group(6));
            case "down" -> new Down(Integer.parseInt(in.group(2)), kind, index, in.group(5), in.group(6));
            default -> new Up(Integer.parseInt(in.group(2)), kind, index, in.group(5), in.group(6));
        };
    }
}
