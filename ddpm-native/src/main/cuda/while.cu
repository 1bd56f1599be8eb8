// The end of a loop body inside a CUDA graph: steps down and asks the WHILE node to go round again until step -1.
// cudaGraphSetConditional lives in libcudadevrt, so build.sh links this one for each architecture ahead of time.
#include <cuda_runtime_api.h>

extern "C" __global__ void ddpm_while(unsigned long long conditionalHandle, long long* stepIndex) {
    if (blockIdx.x == 0 && threadIdx.x == 0) {
        long long next = *stepIndex - 1;
        *stepIndex = next;
        cudaGraphSetConditional(conditionalHandle, next >= 0 ? 1U : 0U);
    }
}
