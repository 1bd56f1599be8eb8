package ddpm.model;

import static ddpm.text.Untrusted.quote;

import ddpm.text.JsonObject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The levels of a UNet2DModel as diffusers names them: {@code AttnDownBlock2D} is a level down with attention, and the
 * levels up are listed from the deepest.
 */
final class DiffusersBlocks {
    private static final String DOWN = "DownBlock2D";
    private static final String UP = "UpBlock2D";
    private static final String ATTENTION = "Attn";

    /** The class defaults. */
    private static final List<Boolean> DEFAULT = List.of(false, true, true, true);

    private DiffusersBlocks() {}

    /**
     * Per level from full resolution, whether it has attention.
     *
     * @throws IllegalArgumentException for other blocks, or if what goes up does not mirror what goes down
     */
    static List<Boolean> attention(JsonObject json) {
        var down = attention(json, "down_block_types", DOWN, down(DEFAULT));
        var up = attention(json, "up_block_types", UP, up(DEFAULT));
        Collections.reverse(up);
        if (!up.equals(down)) {
            throw json.bad(
                    "up_block_types",
                    "must mirror down_block_types: attention at levels " + down + " down, but " + up
                            + " up, both from full resolution");
        }
        return down;
    }

    private static List<Boolean> attention(JsonObject json, String key, String block, List<String> orElse) {
        var attention = new ArrayList<Boolean>();
        for (var type : json.list(key, String.class, orElse)) {
            if (!type.equals(block) && !type.equals(ATTENTION + block)) {
                throw json.bad(key, "holds " + quote(type) + "; supported are " + block + " and " + ATTENTION + block);
            }
            attention.add(!type.equals(block));
        }
        return attention;
    }

    /** {@code down_block_types} of levels from full resolution. */
    static List<String> down(List<Boolean> attention) {
        return attention.stream().map(has -> has ? ATTENTION + DOWN : DOWN).toList();
    }

    /** {@code up_block_types} of levels from full resolution. */
    static List<String> up(List<Boolean> attention) {
        return attention.reversed().stream()
                .map(has -> has ? ATTENTION + UP : UP)
                .toList();
    }
}
