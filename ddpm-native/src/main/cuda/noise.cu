// Kernels of the sampling loop that need no libtorch: build.sh makes noise.ptx of them, which the driver compiles for the
// card it finds.
#include "noise.h"

// Standard normals z(seed, image, step, element), step read from the device, into out[images][perImage].
extern "C" __global__ void ddpm_normals(
        float* out,
        const long long* stepIndex,
        unsigned long long seed,
        long long firstImage,
        int images,
        int perImage,
        unsigned int domain) {
    unsigned int step = static_cast<unsigned int>(*stepIndex);
    unsigned int blocksPerImage = (static_cast<unsigned int>(perImage) + 3U) / 4U;
    unsigned long long blocks = static_cast<unsigned long long>(images) * blocksPerImage;
    unsigned long long stride = static_cast<unsigned long long>(gridDim.x) * blockDim.x;
    for (unsigned long long b = static_cast<unsigned long long>(blockIdx.x) * blockDim.x + threadIdx.x; b < blocks;
         b += stride) {
        unsigned long long image = b / blocksPerImage;
        unsigned int k = static_cast<unsigned int>(b % blocksPerImage);
        ddpm::Block bits = ddpm::addressed(seed, domain, firstImage + image, step, k);
        ddpm::Pair low = ddpm::normals(bits.x[0], bits.x[1]);
        ddpm::Pair high = ddpm::normals(bits.x[2], bits.x[3]);
        float z[4] = {low.first, low.second, high.first, high.second};
        unsigned int element = 4U * k;
        float* target = out + image * perImage + element;
        unsigned int here = min(4U, perImage - element);
        for (unsigned int i = 0; i < here; i++) {
            target[i] = z[i];
        }
    }
}

// The step counter of a captured step: one thread, one subtraction.
extern "C" __global__ void ddpm_step_down(long long* stepIndex) {
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        *stepIndex -= 1;
    }
}
