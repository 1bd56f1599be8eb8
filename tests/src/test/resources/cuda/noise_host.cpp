// noise.h on the CPU, spoken to line by line: "philox KEY C0 C1 C2 C3" or "normals SEED DOMAIN IMAGE STEP BLOCK", numbers
// in hexadecimal; answers with the four words, or the bits of the four floats.
#include "noise.h"

#include <cstdio>
#include <cstring>

int main() {
    char what[16];
    unsigned long long a, b, c, d, e;
    while (std::scanf("%15s %llx %llx %llx %llx %llx", what, &a, &b, &c, &d, &e) == 6) {
        std::uint32_t words[4];
        if (std::strcmp(what, "philox") == 0) {
            ddpm::Block block = ddpm::philox(a, b, c, d, e);
            std::memcpy(words, block.x, sizeof words);
        } else {
            ddpm::Block bits = ddpm::addressed(a, b, c, d, e);
            ddpm::Pair pairs[2] = {ddpm::normals(bits.x[0], bits.x[1]), ddpm::normals(bits.x[2], bits.x[3])};
            std::memcpy(words, pairs, sizeof words);
        }
        std::printf("%08x %08x %08x %08x\n", words[0], words[1], words[2], words[3]);
    }
}
