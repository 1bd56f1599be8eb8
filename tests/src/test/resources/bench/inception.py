#!/usr/bin/python3
"""The Inception network of FID under PyTorch, as the peer of InceptionBenchmark: inception.py FOLDER IMAGES.

The network is torch-fidelity's, written from the shapes of its weights and run as torch-fidelity does: float32, evaluation mode,
convolution, batch norm and rectifier one after another, no gradients; images are resized as pytorch-fid does. Writes random weights,
images and their features into FOLDER, then the GFLOP of an image's convolutions, a multiply-add being two, to standard output. Every line
of standard input is answered with the seconds that the images took."""
import os, sys, time
import numpy as np, torch
import torch.nn.functional as F

BATCH, FEW, MANY = 32, 32, 128

class Conv(torch.nn.Module):
    def __init__(self, i, o, k, s=1, p=0):
        super().__init__()
        self.conv = torch.nn.Conv2d(i, o, k, s, p, bias=False)
        self.bn = torch.nn.BatchNorm2d(o, eps=0.001)
    def forward(self, x):
        return F.relu(self.bn(self.conv(x)), inplace=True)

class Block(torch.nn.Module):
    """Branches of chains; a chain may end in two convolutions side by side, as those of Mixed_7b and 7c do."""
    def __init__(self, pool, branches):
        super().__init__()
        self.pool, self.chains = pool, []
        for chain in branches:
            names = []
            for name, *conv in chain:
                self.add_module(name, Conv(*conv))
                names.append(name)
            self.chains.append(names)
    def forward(self, x):
        out = []
        for names in self.chains:
            y = x
            if names[0] == "branch_pool":
                y = F.avg_pool2d(x, 3, 1, 1, count_include_pad=False) if self.pool == "avg" else F.max_pool2d(x, 3, 1, 1)
            fork = names[-1].endswith("b") and names[-2].endswith("a")
            for n in names[:-2] if fork else names:
                y = getattr(self, n)(y)
            out += [getattr(self, n)(y) for n in names[-2:]] if fork else [y]
        if self.pool == "stride":
            out.append(F.max_pool2d(x, 3, 2))
        return torch.cat(out, 1)

def a(i, p):
    return Block("avg", [[("branch1x1", i, 64, 1)], [("branch5x5_1", i, 48, 1), ("branch5x5_2", 48, 64, 5, 1, 2)],
        [("branch3x3dbl_1", i, 64, 1), ("branch3x3dbl_2", 64, 96, 3, 1, 1), ("branch3x3dbl_3", 96, 96, 3, 1, 1)], [("branch_pool", i, p, 1)]])
def c(m):
    r, d = ((1, 7), 1, (0, 3)), ((7, 1), 1, (3, 0))
    return Block("avg", [[("branch1x1", 768, 192, 1)],
        [("branch7x7_1", 768, m, 1), ("branch7x7_2", m, m, *r), ("branch7x7_3", m, 192, *d)],
        [("branch7x7dbl_1", 768, m, 1), ("branch7x7dbl_2", m, m, *d), ("branch7x7dbl_3", m, m, *r), ("branch7x7dbl_4", m, m, *d),
         ("branch7x7dbl_5", m, 192, *r)], [("branch_pool", 768, 192, 1)]])
def e(i, pool):
    r, d = ((1, 3), 1, (0, 1)), ((3, 1), 1, (1, 0))
    return Block(pool, [[("branch1x1", i, 320, 1)], [("branch3x3_1", i, 384, 1), ("branch3x3_2a", 384, 384, *r), ("branch3x3_2b", 384, 384, *d)],
        [("branch3x3dbl_1", i, 448, 1), ("branch3x3dbl_2", 448, 384, 3, 1, 1), ("branch3x3dbl_3a", 384, 384, *r), ("branch3x3dbl_3b", 384, 384, *d)],
        [("branch_pool", i, 192, 1)]])

class Inception(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3, self.Conv2d_2a_3x3, self.Conv2d_2b_3x3 = Conv(3, 32, 3, 2), Conv(32, 32, 3), Conv(32, 64, 3, 1, 1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = Conv(64, 80, 1), Conv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = a(192, 32), a(256, 64), a(288, 64)
        self.Mixed_6a = Block("stride", [[("branch3x3", 288, 384, 3, 2)],
            [("branch3x3dbl_1", 288, 64, 1), ("branch3x3dbl_2", 64, 96, 3, 1, 1), ("branch3x3dbl_3", 96, 96, 3, 2)]])
        self.Mixed_6b, self.Mixed_6c, self.Mixed_6d, self.Mixed_6e = c(128), c(160), c(160), c(192)
        self.Mixed_7a = Block("stride", [[("branch3x3_1", 768, 192, 1), ("branch3x3_2", 192, 320, 3, 2)],
            [("branch7x7x3_1", 768, 192, 1), ("branch7x7x3_2", 192, 192, (1, 7), 1, (0, 3)), ("branch7x7x3_3", 192, 192, (7, 1), 1, (3, 0)),
             ("branch7x7x3_4", 192, 192, 3, 2)]])
        self.Mixed_7b, self.Mixed_7c = e(1280, "avg"), e(2048, "max")
        self.fc = torch.nn.Linear(2048, 1008)
    def forward(self, x):
        x = F.interpolate(x.float() / 255, (299, 299), mode="bilinear", align_corners=False) * 2 - 1
        x = F.max_pool2d(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))), 3, 2)
        x = F.max_pool2d(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)), 3, 2)
        for name in ("5b", "5c", "5d", "6a", "6b", "6c", "6d", "6e", "7a", "7b", "7c"):
            x = getattr(self, "Mixed_" + name)(x)
        return x.mean((2, 3))

def gflop(net, x):
    """By the definition of a convolution: what is saved by computing it otherwise is work all the same."""
    count = []
    hooks = [m.register_forward_hook(lambda m, _, y: count.append(2 * y[0].numel() * m.weight[0].numel()))
        for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    net(x)
    for hook in hooks:
        hook.remove()
    return sum(count) / 1e9

def main(folder, images):
    torch.set_num_threads(os.cpu_count())
    torch.manual_seed(0)
    net = Inception().eval()
    for m in net.modules():
        if isinstance(m, torch.nn.Conv2d):
            torch.nn.init.kaiming_uniform_(m.weight, nonlinearity="relu") # keeps the features' size through the layers
    with torch.no_grad():
        torch.save(net.state_dict(), folder + "/weights.pth")
        levels = np.random.default_rng(0).integers(0, 256, (int(images), 3, 32, 32), np.uint8)
        x = torch.from_numpy(levels)
        np.savez(folder + "/peer.npz", images=levels, features=net(x).numpy())
        print(gflop(net, x[:1]), torch.__version__, flush=True)
        for _ in sys.stdin:
            started = time.time()
            net(x)
            print(time.time() - started, flush=True)

main(*sys.argv[1:])
