#!/bin/bash
# Debian 12: webp 1.2.4, libjpeg-turbo-progs 2.1.5, imagemagick 6.9.11, python3-pil 9.4.0. Every file is what an encoder writes
# at its defaults or with the named option; NAME.ref.png is what the format's own library decodes, on white.
set -e
/usr/bin/python3 - <<'E'
from PIL import Image
import math, random
random.seed(7)
W, H = 45, 33
def pixel(x, y):
    r = 127 + 120 * math.sin(x / 9 + y / 17); g = 127 + 120 * math.sin(y / 6); b = x * 255 / W
    if (x - 22) ** 2 + (y - 16) ** 2 < 60: r, g, b = 250, 20, 30
    return tuple(max(0, min(255, int(v + random.randint(-6, 6)))) for v in (r, g, b))
rgb = Image.new('RGB', (W, H)); rgb.putdata([pixel(x, y) for y in range(H) for x in range(W)])
rgba = rgb.copy(); rgba.putalpha(Image.new('L', (W, H))); a = rgba.load()
for y in range(H):
    for x in range(W):
        a[x, y] = a[x, y][:3] + (255 if x < 20 else max(0, 255 - (x - 20) * 12),)
rgb.save('in.ppm'); rgba.save('in.png'); rgb.convert('L').save('in.pgm')
def flat(im):
    im = im.convert('RGBA'); white = Image.new('RGBA', im.size, 'white'); white.alpha_composite(im); return white.convert('RGB')
def save(name, im, **kw):
    im.save(name, **kw)
    again = Image.open(name); flat(again).save(name + '.ref.png')
for mode in ('1', 'L', 'LA', 'P', 'RGB', 'RGBA'):
    im = (rgba if mode in ('LA', 'RGBA') else rgb).convert(mode)
    save('pil-%s.png' % mode, im)
    if mode not in ('LA',): save('pil-%s.tif' % mode, im)
    if mode not in ('LA', 'RGBA'): save('pil-%s.bmp' % mode, im)
for c in ('tiff_lzw', 'tiff_adobe_deflate', 'packbits'): save('pil-%s.tif' % c, rgb, compression=c)
save('pil-pages.tif', rgb, save_all=True, append_images=[rgb.rotate(180)])
save('pil.gif', rgb); save('pil-transparent.gif', rgba)
frames = [rgb.convert('P'), rgb.rotate(180).convert('P')]
save('pil-animated.gif', frames[0], save_all=True, append_images=frames[1:])
save('pil-animated.png', rgb, save_all=True, append_images=[rgb.rotate(180)])
E
jpeg() { cjpeg "${@:2}" > "$1"; djpeg "$1" | convert - -depth 8 PNG24:"$1.ref.png"; }
jpeg default.jpg in.ppm
for s in 1x1 2x1 1x2 2x2 4x1; do jpeg sample-$s.jpg -sample $s in.ppm; done
for q in 10 50 95 100; do jpeg quality-$q.jpg -quality $q in.ppm; done
jpeg progressive.jpg -progressive in.ppm; jpeg optimize.jpg -optimize in.ppm; jpeg restart.jpg -restart 1 in.ppm
jpeg grey.jpg in.pgm; jpeg rgb.jpg -rgb in.ppm; jpeg smooth.jfif -smooth 30 in.ppm
/usr/bin/python3 - <<'E'
# JFIF and Adobe's transform 0 in one file: libjpeg heeds JFIF. Neither: libjpeg takes YCbCr, unless the components are R, G, B.
d = open('sample-1x1.jpg', 'rb').read(); end = 4 + (d[4] << 8 | d[5])
adobe = bytes([255, 238, 0, 14]) + b'Adobe' + bytes([0, 100, 0, 0, 0, 0, 0])
open('jfif-adobe0.jpg', 'wb').write(d[:end] + adobe + d[end:]); open('unmarked.jpg', 'wb').write(d[:2] + d[end:])
E
for f in jfif-adobe0 unmarked; do djpeg $f.jpg | convert - -depth 8 PNG24:$f.jpg.ref.png; done
convert in.ppm im.jpg; djpeg im.jpg | convert - -depth 8 PNG24:im.jpg.ref.png
convert in.ppm -depth 16 im-16.png; convert in.png -depth 16 im-a16.png; convert in.pgm -depth 16 im-g16.png
convert in.ppm -interlace PNG im-interlaced.png; convert in.png -interlace PNG im-ainterlaced.png
convert in.ppm -compress JPEG im-jpeg.tif; convert in.ppm -depth 16 im-16.tif; convert in.ppm -define tiff:endian=msb im-msb.tif
convert in.ppm -define tiff:tile-geometry=16x16 im-tiled.tif; convert in.pgm -threshold 50% -compress Group4 im-g4.tif
convert in.png im-a.tif; convert in.ppm -interlace Plane im-planar.tif; convert in.pgm im-g.tif
convert in.ppm -interlace GIF im-interlaced.gif; convert in.ppm im.bmp; convert in.ppm -type Palette im-p.bmp
for f in im-*.png im*.tif im*.gif im*.bmp; do convert $f[0] -background white -alpha remove -alpha off -depth 8 PNG24:$f.ref.png; done
webp() { cwebp -quiet "${@:2}" -o "$1"; dwebp -quiet "$1" -o tmp.png; convert tmp.png -background white -alpha remove -alpha off -depth 8 PNG24:"$1.ref.png"; }
for m in 0 4 6; do webp lossless-m$m.webp -lossless -m $m in.ppm; done
webp lossless-alpha.webp -lossless in.png; webp lossless-exact.webp -lossless -exact in.png; webp near.webp -near_lossless 40 in.png
convert in.ppm -colors 5 p.png; webp lossless-palette.webp -lossless p.png
gif2webp -quiet pil-animated.gif -o animated.webp; webpmux -get frame 1 animated.webp -o f.webp 2>/dev/null; dwebp -quiet f.webp -o animated.webp.ref.png
cwebp -quiet in.ppm -o lossy.webp; cwebp -quiet in.png -o lossy-alpha.webp; cwebp -quiet -alpha_method 0 in.png -o lossy-raw-alpha.webp
gif2webp -quiet -lossy pil-animated.gif -o lossy-animated.webp
rm -f in.ppm in.png in.pgm tmp.png p.png f.webp
