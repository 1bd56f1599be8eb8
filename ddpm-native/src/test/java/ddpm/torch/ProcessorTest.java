package ddpm.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProcessorTest {
    @ParameterizedTest
    @CsvSource({
        "flags\t\t: fpu sse2 avx512_bf16 clzero, true",
        "flags\t\t: fpu amx_bf16 amx_tile, true",
        "flags : fpu avx512f avx512_vnni, false",
        "flags : fpu not_avx512_bf16, false",
        "vmx flags : avx512_bf16, false",
        "Features : fp asimd bf16, false",
        "'', false"
    })
    void bfloat16IsReadFromTheFlags(String line, boolean expected) {
        assertEquals(expected, Processor.hasBfloat16(Stream.of("processor : 0", line, "bogomips : 1")));
    }
}
