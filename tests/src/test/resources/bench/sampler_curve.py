#!/usr/bin/python3
"""Draws docs/images/digits-samplers.svg: the quality of the built-in model's digits over the steps of each sampler.

Usage: sampler_curve.py FOLDER > digits-samplers.svg, where FOLDER holds the output of
`quality --features digits --all --json` as SAMPLER-STEPS.json, and that of real test images as real.json."""
import glob, json, math, os, re, sys

WIDTH, HEIGHT, LEFT, TOP, SIDE, TALL = 380, 320, 56, 40, 300, 220
COLOURS = {"ancestral": "#2458d3", "ddim": "#c2410c", "dpm-solver": "#0f766e"}

def read(folder):
    points = {}
    for file in glob.glob(os.path.join(folder, "*-*.json")):
        sampler, steps = re.fullmatch(r"(.+)-(\d+)\.json", os.path.basename(file)).groups()
        points.setdefault(sampler, []).append((int(steps), json.load(open(file))))
    return {s: sorted(p, key=lambda q: q[0]) for s, p in sorted(points.items())}, json.load(open(os.path.join(folder, "real.json")))

def panel(at, title, key, points, real, low, high, ticks, log):
    scale = (lambda v: (math.log(v) - math.log(low)) / (math.log(high) - math.log(low))) if log else (lambda v: (v - low) / (high - low))
    most = max(steps for p in points.values() for steps, _ in p)
    x = lambda steps: LEFT + SIDE * math.log(steps / 5) / math.log(most / 5)
    y = lambda v: TOP + TALL * (1 - scale(v))
    out = [f'<g transform="translate({at} 0)"><text x="{LEFT}" y="22">{title}</text>']
    for t in ticks:
        out.append(f'<path d="M{LEFT} {y(t):.1f}h{SIDE}" stroke="#e4e7ec"/><text x="{LEFT - 8}" y="{y(t) + 4:.1f}" text-anchor="end" fill="#68707d">{t:g}</text>')
    for t in (5, 10, 20, 50, 100, 200, 500, 1000):
        if t <= most:
            out.append(f'<text x="{x(t):.1f}" y="{TOP + TALL + 18}" text-anchor="middle" fill="#68707d">{t}</text>')
    out.append(f'<text x="{LEFT + SIDE / 2}" y="{TOP + TALL + 38}" text-anchor="middle">steps</text>')
    out.append(f'<path d="M{LEFT} {y(real[key]):.1f}h{SIDE}" stroke="#1d2129" stroke-dasharray="5 4"/>')
    for sampler, p in points.items():
        path = "L".join(f"{x(steps):.1f} {y(r[key]):.1f}" for steps, r in p)
        out.append(f'<path d="M{path}" fill="none" stroke="{COLOURS[sampler]}" stroke-width="2"/>')
        out += [f'<circle cx="{x(steps):.1f}" cy="{y(r[key]):.1f}" r="3" fill="{COLOURS[sampler]}"/>' for steps, r in p]
    return "\n".join(out) + "</g>"

points, real = read(sys.argv[1])
print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {3 * WIDTH} {HEIGHT + 24}" font-family="sans-serif" font-size="12" fill="#1d2129">')
print('<rect width="100%" height="100%" fill="white"/>')
print(panel(0, "FID by the digits' features", "fid", points, real, 5, 500, (5, 10, 20, 50, 100, 200, 500), True))
print(panel(WIDTH, "precision", "precision", points, real, 0.6, 1, (0.6, 0.7, 0.8, 0.9, 1), False))
print(panel(2 * WIDTH, "recall", "recall", points, real, 0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1), False))
for i, name in enumerate([*points, "real test images"]):
    colour = COLOURS.get(name, "#1d2129")
    dash = "" if name in COLOURS else ' stroke-dasharray="5 4"'
    print(f'<path d="M{LEFT + 160 * i} {HEIGHT + 8}h24" stroke="{colour}" stroke-width="2"{dash}/><text x="{LEFT + 160 * i + 30}" y="{HEIGHT + 12}">{name}</text>')
print("</svg>")
