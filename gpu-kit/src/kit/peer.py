"""Times ancestral sampling with PyTorch itself: the rows that ddpm's stand beside.

Prints one line of tab-separated values for each network, precision, batch and way: name, precision, batch, way, ms per
step, host microseconds per step. The host's time is the processor time of the whole process.
Errors of a row (out of memory, a compiler that is missing) stand in it as text and do not end the others.
"""

import argparse
import statistics
import sys
import time

import torch

from networks import NETWORKS

TRAINED_STEPS = 1000


class Chain:
    """The reverse process of Ho et al. 2020, eq. 11, its coefficients on the device."""

    def __init__(self, device):
        betas = torch.linspace(1e-4, 0.02, TRAINED_STEPS, dtype=torch.float64)
        alphas = 1 - betas
        cumulative = torch.cumprod(alphas, 0)
        previous = torch.cat([torch.ones(1, dtype=torch.float64), cumulative[:-1]])
        tables = (1 / alphas.sqrt(), betas / (alphas * (1 - cumulative)).sqrt(),
                  (betas * (1 - previous) / (1 - cumulative)).sqrt())
        self.from_x, self.from_output, self.sigma = (t.float().to(device) for t in tables)

    def step(self, model, dtype, x, t):
        output = model(x.to(dtype), t).float()
        mean = self.from_x[t] * x - self.from_output[t] * output
        return mean + self.sigma[t] * torch.randn_like(x)


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def measure(step, batch, device, steps, rounds):
    """Median milliseconds and mean host microseconds per step."""
    if batch < 64:  # quick ones take more steps, as ddpm's side does
        steps = min(990, 10 * steps)
    times = [torch.full((1,), t, dtype=torch.int64, device=device) for t in range(steps)]
    x = torch.randn(batch, 3, 32, 32, device=device)
    for t in times[:3] * 2:  # compiles, captures, chooses algorithms
        x = step(x, t)
    total, host = [], []
    for _ in range(rounds):
        x = torch.randn(batch, 3, 32, 32, device=device)
        synchronize(device)
        start, busy = time.perf_counter(), time.process_time()
        for t in reversed(times):
            x = step(x, t)
        synchronize(device)
        total.append((time.perf_counter() - start) / steps)
        host.append((time.process_time() - busy) / steps)
    return 1e3 * statistics.median(total), 1e6 * statistics.mean(host)


def ways(chain, model, dtype):
    """Name and step function, or name and the reason why there is none."""
    yield "PyTorch eager", lambda x, t: chain.step(model, dtype, x, t)
    if not hasattr(torch, "compile"):
        yield "PyTorch reduce-overhead", "needs PyTorch 2, this is " + torch.__version__
        return
    compiled = torch.compile(lambda x, t: chain.step(model, dtype, x, t), mode="reduce-overhead")

    def replay(x, t):
        torch.compiler.cudagraph_mark_step_begin()
        return compiled(x, t).clone()  # the graph's own output is written over by the next step

    yield "PyTorch reduce-overhead", replay


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--networks", default="UNetMini,cifar10")
    parser.add_argument("--precisions", default="fp32,tf32,bf16")
    parser.add_argument("--batches", default="1,16,64,256")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    device = torch.device(options.device)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    chain = Chain(device)
    for name in options.networks.split(","):
        for precision in options.precisions.split(","):
            torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
            torch.backends.cudnn.allow_tf32 = precision == "tf32"
            dtype = torch.bfloat16 if precision == "bf16" else torch.float32
            model = NETWORKS[name]().to(device=device, dtype=dtype, memory_format=torch.channels_last).eval()
            for batch in map(int, options.batches.split(",")):
                for way, step in ways(chain, model, dtype):
                    row = [name, precision, str(batch), way]
                    try:
                        if isinstance(step, str):
                            raise RuntimeError(step)
                        with torch.no_grad():
                            ms, host = measure(step, batch, device, options.steps, options.rounds)
                        row += [f"{ms:.4f}", f"{host:.1f}"]
                    except Exception as e:  # any backend's error is that row's result
                        row += [" ".join((str(e) or type(e).__name__).split())[:120], ""]
                    print("\t".join(row), flush=True)
                if hasattr(torch, "compiler") and hasattr(torch.compiler, "reset"):
                    torch.compiler.reset()
                if device.type == "cuda":
                    torch.cuda.empty_cache()
    print(f"# PyTorch {torch.__version__}, Python {sys.version.split()[0]}", flush=True)


if __name__ == "__main__":
    main()
