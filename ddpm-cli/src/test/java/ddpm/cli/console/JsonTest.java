package ddpm.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.io.TorchFile;
import ddpm.torch.DType;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
    @Test
    void everythingACheckpointMayHoldHasAPlainForm() throws IOException {
        var values = new LinkedHashMap<Object, Object>();
        values.put("nan", Double.NaN);
        values.put(7L, List.of(1L, 0.5, true));
        values.put("none", null);
        values.put("nones", Collections.singletonList(null));
        values.put("big", BigInteger.TWO.pow(70));
        values.put("bytes", ByteBuffer.allocate(3));
        values.put("dtype", DType.BFLOAT16);
        values.put("complex", new TorchFile.Complex(1, -2));
        values.put("text", "a\"b\n");
        var text = Json.of(Map.of("values", Json.plain(values)));
        var read = (Map<?, ?>) JSON.std.mapFrom(text).get("values");
        assertEquals("NaN", read.get("nan"));
        assertEquals(List.of(1, 0.5, true), read.get("7"));
        assertEquals(null, read.get("none"));
        assertEquals(Arrays.asList((Object) null), read.get("nones"));
        assertEquals(BigInteger.TWO.pow(70), read.get("big"));
        assertEquals("3 bytes", read.get("bytes"));
        assertEquals("bfloat16", read.get("dtype"));
        assertEquals("(1.0-2.0j)", read.get("complex"));
        assertEquals("a\"b\n", read.get("text"));
    }
}
