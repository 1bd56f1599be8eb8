// The addressed normals of ddpm.diffusion.Noise, for CUDA and for any C++ compiler: the same bits as Java's.
//
// Everything is integer arithmetic and double + - * / sqrt, which IEEE 754 fixes exactly, in the order in which
// Philox.java and BoxMuller.java have it. That holds only while nothing is contracted to fused operations: compile with
// nvcc -fmad=false or gcc/clang -ffp-contract=off.
#ifndef DDPM_NOISE_H
#define DDPM_NOISE_H

#include <cmath>
#include <cstdint>
#include <cstring>

#ifdef __CUDACC__
#define DDPM_FUNCTION __host__ __device__ inline
#else
#define DDPM_FUNCTION inline
#endif

namespace ddpm {

struct Block {
    std::uint32_t x[4];
};

// Philox4x32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011). The key's low word is the first.
DDPM_FUNCTION Block philox(
        std::uint64_t key, std::uint32_t c0, std::uint32_t c1, std::uint32_t c2, std::uint32_t c3) {
    std::uint32_t k0 = static_cast<std::uint32_t>(key);
    std::uint32_t k1 = static_cast<std::uint32_t>(key >> 32);
    for (int round = 0; round < 10; round++) {
        std::uint64_t product0 = 0xD2511F53ULL * c0;
        std::uint64_t product1 = 0xCD9E8D57ULL * c2;
        c0 = static_cast<std::uint32_t>(product1 >> 32) ^ c1 ^ k0;
        c2 = static_cast<std::uint32_t>(product0 >> 32) ^ c3 ^ k1;
        c1 = static_cast<std::uint32_t>(product1);
        c3 = static_cast<std::uint32_t>(product0);
        k0 += 0x9E3779B9U;
        k1 += 0xBB67AE85U;
    }
    return Block{{c0, c1, c2, c3}};
}

// Block k of an address holds the bits of elements 4k..4k+3.
DDPM_FUNCTION Block addressed(
        std::uint64_t seed, std::uint32_t domain, std::uint64_t image, std::uint32_t step, std::uint32_t k) {
    return philox(
            seed, k, step, static_cast<std::uint32_t>(image), domain << 24 | static_cast<std::uint32_t>(image >> 32));
}

// ln u for normal u > 0: u = 2^e m, m in [sqrt(1/2), sqrt(2)), s = (m - 1)/(m + 1), ln u = e ln 2 + 2 artanh s.
DDPM_FUNCTION double ln(double u) {
    std::uint64_t bits;
    std::memcpy(&bits, &u, sizeof bits);
    int exponent = static_cast<int>(bits >> 52) - 1022;
    bits = (bits & 0x000FFFFFFFFFFFFFULL) | 0x3FE0000000000000ULL;
    double m;
    std::memcpy(&m, &bits, sizeof m);
    int low = m < 0.7071067811865476 ? 1 : 0;
    m *= 1 + low;
    exponent -= low;
    double s = (m - 1) / (m + 1);
    double z = s * s;
    double series = 1.0 / 21;
    series = series * z + 1.0 / 19;
    series = series * z + 1.0 / 17;
    series = series * z + 1.0 / 15;
    series = series * z + 1.0 / 13;
    series = series * z + 1.0 / 11;
    series = series * z + 1.0 / 9;
    series = series * z + 1.0 / 7;
    series = series * z + 1.0 / 5;
    series = series * z + 1.0 / 3;
    double twice = s + s;
    return exponent * 0.6931471805599453 + (twice + twice * (z * series));
}

// sin a for |a| <= pi/4.
DDPM_FUNCTION double sine(double a) {
    double z = a * a;
    double series = -1.0 / 1307674368000.0;
    series = series * z + 1.0 / 6227020800.0;
    series = series * z - 1.0 / 39916800;
    series = series * z + 1.0 / 362880;
    series = series * z - 1.0 / 5040;
    series = series * z + 1.0 / 120;
    series = series * z - 1.0 / 6;
    return a + a * (z * series);
}

// cos a for |a| <= pi/4.
DDPM_FUNCTION double cosine(double a) {
    double z = a * a;
    double series = 1.0 / 20922789888000.0;
    series = series * z - 1.0 / 87178291200.0;
    series = series * z + 1.0 / 479001600;
    series = series * z - 1.0 / 3628800;
    series = series * z + 1.0 / 40320;
    series = series * z - 1.0 / 720;
    series = series * z + 1.0 / 24;
    series = series * z - 1.0 / 2;
    return 1 + z * series;
}

struct Pair {
    float first, second;
};

// Box and Muller's two normals of two words, cosine first.
DDPM_FUNCTION Pair normals(std::uint32_t forRadius, std::uint32_t forAngle) {
    double radius = std::sqrt(-2 * ln((forRadius + 0.5) * (1.0 / 4294967296.0)));
    std::uint32_t turned = forAngle + 0x20000000U; // half of a quarter turn on, so that quarters are cut at their middle
    std::uint32_t quarter = turned >> 30;
    double remainder = static_cast<double>(static_cast<std::int32_t>(turned & 0x3FFFFFFFU) - 0x20000000);
    double offset = (remainder + 0.5) * (6.283185307179586 * (1.0 / 4294967296.0));
    double cos = cosine(offset);
    double sin = sine(offset);
    double x = (quarter & 1U) == 0 ? cos : sin;
    double y = (quarter & 1U) == 0 ? sin : cos;
    x = quarter == 1 || quarter == 2 ? -x : x;
    y = quarter >= 2 ? -y : y;
    return Pair{static_cast<float>(radius * x), static_cast<float>(radius * y)};
}

} // namespace ddpm

#endif
