// A stand-in for libcudart on machines without a device: it keeps a diary of the calls and plays streams and captures.
// Compiled against CUDA's own header, so that a binding with other types or another order of arguments shows here.
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <string.h>

static char diary[1 << 16];
static int status, device, next_stream = 100, next_graph = 500, last_error, instantiations_fail;
static cudaGraph_t target, body = (cudaGraph_t)900;
static struct cudaGraphNodeParams seen;

#define SAY(...) snprintf(diary + strlen(diary), sizeof diary - strlen(diary), __VA_ARGS__)
#define N(x) ((long)(x))

const char *fake_diary(void) { return diary; }
void fake_clear(void) { diary[0] = 0; }
// What an operator does that synchronises while it is captured.
int fake_break_capture(void) { if (status == 1) status = 2; return 900; }
int fake_instantiations_fail(int yes) { return instantiations_fail = yes; }

cudaError_t cudaRuntimeGetVersion(int *v) { *v = CUDART_VERSION; return cudaSuccess; }
cudaError_t cudaDriverGetVersion(int *v) { *v = CUDART_VERSION; return cudaSuccess; }
cudaError_t cudaGetDeviceCount(int *n) { *n = 2; return cudaSuccess; }
cudaError_t cudaGetDevice(int *d) { *d = device; return cudaSuccess; }
cudaError_t cudaSetDevice(int d) { device = d; return cudaSuccess; }
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int d) {
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "Fake %d", d);
    return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int *v, enum cudaDeviceAttr a, int d) {
    *v = a == cudaDevAttrComputeCapabilityMajor ? 9 + d : 0;
    return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t *f, size_t *t) { *f = 10 + device; *t = 20; return cudaSuccess; }
cudaError_t cudaGetLastError(void) { int e = last_error; last_error = 0; return e; }
const char *cudaGetErrorName(cudaError_t e) { return e == 901 ? "cudaErrorStreamCaptureInvalidated" : "cudaErrorFake"; }
const char *cudaGetErrorString(cudaError_t e) { return e == 901 ? "previous error during capture" : "fake"; }

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned int f) {
    *s = (cudaStream_t)(long)next_stream++;
    SAY("stream %ld flags %u device %d\n", N(*s), f, device);
    return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t s) { SAY("destroy stream %ld\n", N(s)); return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t s) {
    SAY("synchronize %ld\n", N(s));
    return status ? (status = 2, last_error = 900) : cudaSuccess;
}
cudaError_t cudaStreamQuery(cudaStream_t s) { return s == (cudaStream_t)100 ? (last_error = cudaErrorNotReady) : cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned int f) {
    SAY("stream %ld waits for event %ld flags %u\n", N(s), N(e), f);
    return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned int f) {
    *e = (cudaEvent_t)7;
    SAY("event flags %u\n", f);
    return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t e) { SAY("destroy event %ld\n", N(e)); return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s) { SAY("record %ld on %ld\n", N(e), N(s)); return cudaSuccess; }
cudaError_t cudaEventQuery(cudaEvent_t e) { return e ? cudaSuccess : 1; }
cudaError_t cudaEventSynchronize(cudaEvent_t e) { SAY("await %ld\n", N(e)); return cudaSuccess; }

cudaError_t cudaStreamBeginCapture(cudaStream_t s, enum cudaStreamCaptureMode m) {
    SAY("begin %ld mode %d\n", N(s), m);
    status = 1;
    target = (cudaGraph_t)(long)next_graph++;
    return cudaSuccess;
}
cudaError_t cudaStreamBeginCaptureToGraph(cudaStream_t s, cudaGraph_t g, const cudaGraphNode_t *d,
        const cudaGraphEdgeData *e, size_t n, enum cudaStreamCaptureMode m) {
    SAY("begin %ld into %ld dependencies %p %p %zu mode %d\n", N(s), N(g), (void *)d, (void *)e, n, m);
    status = 1;
    target = g;
    return cudaSuccess;
}
cudaError_t cudaStreamIsCapturing(cudaStream_t s, enum cudaStreamCaptureStatus *o) { *o = status; return cudaSuccess; }
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g) {
    int was = status;
    SAY("end %ld\n", N(s));
    status = 0;
    *g = was == 1 ? target : NULL;
    return was == 1 ? cudaSuccess : (last_error = 901);
}
cudaError_t cudaGraphCreate(cudaGraph_t *g, unsigned int f) {
    *g = (cudaGraph_t)(long)next_graph++;
    SAY("graph %ld flags %u\n", N(*g), f);
    return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t g) { SAY("destroy graph %ld\n", N(g)); return cudaSuccess; }
cudaError_t cudaGraphGetNodes(cudaGraph_t g, cudaGraphNode_t *nodes, size_t *n) {
    *n = nodes ? 0 : 37;
    return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *x, cudaGraph_t g, unsigned long long f) {
    SAY("instantiate %ld flags %llu\n", N(g), f);
    *x = (cudaGraphExec_t)(N(g) + 1000);
    return instantiations_fail ? (last_error = 2) : cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t x, cudaStream_t s) { SAY("launch %ld on %ld\n", N(x), N(s)); return cudaSuccess; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t x) { SAY("destroy executable %ld\n", N(x)); return cudaSuccess; }
cudaError_t cudaGraphConditionalHandleCreate(cudaGraphConditionalHandle *h, cudaGraph_t g, unsigned int v, unsigned int f) {
    *h = 0x123456789abcULL;
    SAY("condition of %ld value %u flags %u\n", N(g), v, f);
    return cudaSuccess;
}
cudaError_t cudaGraphAddNode(cudaGraphNode_t *n, cudaGraph_t g, const cudaGraphNode_t *d, const cudaGraphEdgeData *e,
        size_t count, struct cudaGraphNodeParams *p) {
    seen = *p;
    *n = (cudaGraphNode_t)77;
    p->conditional.phGraph_out = &body;
    SAY("node in %ld dependencies %p %p %zu type %d handle %llx kind %d size %u\n", N(g), (void *)d, (void *)e, count,
        seen.type, seen.conditional.handle, seen.conditional.type, seen.conditional.size);
    return cudaSuccess;
}
