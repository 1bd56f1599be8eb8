"""Compares a network of the gpu-kit's networks.py with outputs that another program computed.

check_networks.py mini|unet WEIGHTS X T EXPECTED KIT: weights as torch.save or safetensors wrote them, arrays as .npy, the
folder of networks.py. Prints the largest difference and the number of parameters. `unet` is the small shape of the golden
files: base 16, multipliers 1 and 2, attention on the second level, 8 groups.
"""

import json
import struct
import sys

import numpy
import torch

sys.path.insert(0, sys.argv[6])
from networks import UNet, UNetMini  # found by the line above


def state(path):
    if not path.endswith(".safetensors"):
        return torch.load(path, map_location="cpu")
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = torch.tensor(numpy.frombuffer(data[begin:end], dtype="<f4")).reshape(entry["shape"])
    return tensors


which, weights, x, t, expected = sys.argv[1:6]
network = UNetMini() if which == "mini" else UNet(3, 16, (1, 2), 2, (False, True), 8)
network.load_state_dict(state(weights))  # strict: every name and shape
with torch.no_grad():
    output = network(torch.tensor(numpy.load(x)), torch.tensor(numpy.load(t))).numpy()
print("difference", abs(output - numpy.load(expected)).max())
print("parameters", sum(p.numel() for p in network.parameters()))
print("cifar10 parameters", sum(p.numel() for p in UNet().parameters()))
