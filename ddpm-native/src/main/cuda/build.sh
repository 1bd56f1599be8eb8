#!/usr/bin/env bash
# Compiles the kernels to noise.ptx and while.fatbin, the resources that ddpm.torch.cuda loads. Both are committed, so
# that only who changes a kernel needs nvcc (CUDA 13.0; another release gives other bytes).
#
#   build.sh [FOLDER]     FOLDER is where the two files go; the resources' folder if left out
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/../resources/ddpm/torch/cuda}
nvcc=${NVCC:-nvcc}
command -v "$nvcc" >/dev/null || { echo "no $nvcc on PATH: install CUDA 13.0's compiler, or name it in NVCC" >&2; exit 1; }
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$here" # nvcc writes the names it is given into what it makes, so they are relative

# -fmad=false: the same bits as on the CPU, see noise.h.
"$nvcc" -std=c++17 -O3 -fmad=false --ptx -arch=compute_75 -o "$work/noise.ptx" noise.cu
# nvcc stamps its own PTX version, which drivers older than itself refuse. Nothing here is newer than PTX 6.4 (CUDA 10.1),
# which its assembler confirms below.
sed 's/^\.version .*/.version 6.4/' "$work/noise.ptx" >"$work/old.ptx"
"$nvcc" -arch=sm_75 --cubin -o "$work/noise.cubin" "$work/old.ptx"

# Code for 8.0 also runs on 8.6 and 8.9, 10.0 on 10.3, 12.0 on 12.1. PTX would run on what comes after, but a call of
# libcudadevrt cannot be linked into PTX: there, sampling goes back to launching steps and says so.
architectures="75 80 90 100 110 120"
flags=""
for arch in $architectures; do flags="$flags -gencode arch=compute_$arch,code=sm_$arch"; done
# shellcheck disable=SC2086
"$nvcc" -std=c++17 -O3 -rdc=true -dc $flags -o "$work/while.o" while.cu
# shellcheck disable=SC2086
"$nvcc" -dlink -fatbin $flags -lcudadevrt -o "$work/while.fatbin" "$work/while.o"

cp "$work/old.ptx" "$out/noise.ptx"
cp "$work/while.fatbin" "$out/while.fatbin"
