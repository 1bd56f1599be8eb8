"""ddpm's two networks written for PyTorch, with the parameter names of ddpm.nn: what the benchmark is compared with."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def sinusoid(t, channels, shift):
    """sin(t f_i), then cos(t f_i), f_i = 10000^(-i / (half - shift))."""
    half = channels // 2
    exponents = -math.log(10000) * torch.arange(half, dtype=torch.float32, device=t.device) / (half - shift)
    angles = t.float()[:, None] * torch.exp(exponents)[None]
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class MiniBlock(nn.Module):
    def __init__(self, cin, cout, time):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.time = nn.Linear(time, cout)
        self.norm1 = nn.GroupNorm(8, cout)
        self.norm2 = nn.GroupNorm(8, cout)

    def forward(self, x, time):
        h = F.silu(self.norm1(self.conv1(x) + self.time(time)[:, :, None, None]))
        return F.silu(self.norm2(self.conv2(h)))


class UNetMini(nn.Module):
    """1,282,051 parameters with 3 channels; see ddpm.nn.UNetMini."""

    def __init__(self, channels=3, base=64, multipliers=(1, 2, 2), time=128):
        super().__init__()
        w1, w2, w3 = (base * m for m in multipliers)
        self.time_channels = time
        self.time_mlp = nn.Sequential(nn.Linear(time, 4 * time), nn.SiLU(), nn.Linear(4 * time, time))
        self.in_conv = nn.Conv2d(channels, base, 3, padding=1)
        self.down1 = MiniBlock(base, w1, time)
        self.down2 = MiniBlock(w1, w2, time)
        self.down3 = MiniBlock(w2, w3, time)
        self.up1 = MiniBlock(w3, w2, time)
        self.up2 = MiniBlock(w2, w1, time)
        self.up3 = MiniBlock(w1, base, time)
        self.out_conv = nn.Conv2d(base, channels, 3, padding=1)

    def forward(self, x, t):
        time = self.time_mlp(sinusoid(t, self.time_channels, 0).to(x.dtype))
        h = self.down1(F.silu(self.in_conv(x)), time)
        h = self.down2(F.avg_pool2d(h, 2), time)
        h = self.down3(F.avg_pool2d(h, 2), time)
        h = self.up1(F.interpolate(h, scale_factor=2.0, mode="nearest"), time)
        h = self.up2(F.interpolate(h, scale_factor=2.0, mode="nearest"), time)
        return self.out_conv(F.silu(self.up3(h, time)))


class ResBlock(nn.Module):
    def __init__(self, cin, cout, time, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, cin, eps=1e-6)
        self.conv1 = nn.Conv2d(cin, cout, 3, padding=1)
        self.time_emb_proj = nn.Linear(time, cout)
        self.norm2 = nn.GroupNorm(groups, cout, eps=1e-6)
        self.conv2 = nn.Conv2d(cout, cout, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(cin, cout, 1) if cin != cout else None

    def forward(self, x, swished):
        h = self.conv1(F.silu(self.norm1(x))) + self.time_emb_proj(swished)[:, :, None, None]
        h = self.conv2(F.silu(self.norm2(h)))
        return (x if self.conv_shortcut is None else self.conv_shortcut(x)) + h


class Attention(nn.Module):
    """One head over all positions."""

    def __init__(self, channels, groups):
        super().__init__()
        self.group_norm = nn.GroupNorm(groups, channels, eps=1e-6)
        self.to_q = nn.Linear(channels, channels)
        self.to_k = nn.Linear(channels, channels)
        self.to_v = nn.Linear(channels, channels)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])

    def forward(self, x):
        batch, channels, height, width = x.shape
        h = self.group_norm(x).permute(0, 2, 3, 1).reshape(batch, 1, height * width, channels)
        q, k, v = self.to_q(h), self.to_k(h), self.to_v(h)
        if hasattr(F, "scaled_dot_product_attention"):
            h = F.scaled_dot_product_attention(q, k, v)
        else:  # before PyTorch 2
            h = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(channels), dim=-1) @ v
        h = self.to_out[0](h).reshape(batch, height, width, channels).permute(0, 3, 1, 2)
        return x + h


class Down(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x):
        return self.conv(F.pad(x, (0, 1, 0, 1)))


class Up(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Level(nn.Module):
    """Residual blocks, each with attention behind it or none has; then half or twice the size, or neither."""

    def __init__(self, channels_in, width, time, groups, attention, downsample=False, upsample=False):
        super().__init__()
        self.resnets = nn.ModuleList([ResBlock(cin, width, time, groups) for cin in channels_in])
        if attention:
            self.attentions = nn.ModuleList([Attention(width, groups) for _ in channels_in])
        if downsample:
            self.downsamplers = nn.ModuleList([Down(width)])
        if upsample:
            self.upsamplers = nn.ModuleList([Up(width)])
        self.attention = attention

    def block(self, i, h, swished):
        h = self.resnets[i](h, swished)
        return self.attentions[i](h) if self.attention else h


class Middle(nn.Module):
    def __init__(self, width, time, groups):
        super().__init__()
        self.resnets = nn.ModuleList([ResBlock(width, width, time, groups) for _ in range(2)])
        self.attentions = nn.ModuleList([Attention(width, groups)])

    def forward(self, h, swished):
        return self.resnets[1](self.attentions[0](self.resnets[0](h, swished)), swished)


class TimeMlp(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.linear_1 = nn.Linear(base, 4 * base)
        self.linear_2 = nn.Linear(4 * base, 4 * base)

    def forward(self, x):
        return self.linear_2(F.silu(self.linear_1(x)))


class UNet(nn.Module):
    """The paper's; with the defaults its CIFAR-10 model of 35,746,307 parameters. See ddpm.nn.UNet."""

    def __init__(self, channels=3, base=128, multipliers=(1, 2, 2, 2), blocks=2,
                 attention=(False, True, False, False), groups=32):
        super().__init__()
        self.base = base
        time = 4 * base
        levels = len(multipliers)
        self.time_embedding = TimeMlp(base)
        self.conv_in = nn.Conv2d(channels, base, 3, padding=1)
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        skips, width = [base], base
        for level, multiplier in enumerate(multipliers):
            out = base * multiplier
            self.down_blocks.append(Level([width] + [out] * (blocks - 1), out, time, groups, attention[level],
                                          downsample=level < levels - 1))
            width = out
            skips += [width] * (blocks + (level < levels - 1))
        self.mid_block = Middle(width, time, groups)
        for level in reversed(range(levels)):
            out = base * multipliers[level]
            channels_in = []
            for _ in range(blocks + 1):
                channels_in.append(width + skips.pop())
                width = out
            self.up_blocks.append(Level(channels_in, out, time, groups, attention[level], upsample=level > 0))
        self.conv_norm_out = nn.GroupNorm(groups, width, eps=1e-6)
        self.conv_out = nn.Conv2d(width, channels, 3, padding=1)

    def forward(self, x, t):
        swished = F.silu(self.time_embedding(sinusoid(t, self.base, 1).to(x.dtype)))
        h = self.conv_in(x)
        skips = [h]
        for level in self.down_blocks:
            for i in range(len(level.resnets)):
                h = level.block(i, h, swished)
                skips.append(h)
            if hasattr(level, "downsamplers"):
                h = level.downsamplers[0](h)
                skips.append(h)
        h = self.mid_block(h, swished)
        for level in self.up_blocks:
            for i in range(len(level.resnets)):
                h = level.block(i, torch.cat([h, skips.pop()], dim=1), swished)
            if hasattr(level, "upsamplers"):
                h = level.upsamplers[0](h)
        return self.conv_out(F.silu(self.conv_norm_out(h)))


NETWORKS = {"UNetMini": UNetMini, "cifar10": UNet}
