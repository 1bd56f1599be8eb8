#!/bin/sh
# Tests and measures ddpm on this machine's GPU, with the torch that python3 finds and no network.
#
#   ./run.sh              doctor, tests, benchmark; the table also goes to results.md
#   ./run.sh doctor       is there a usable libtorch and a GPU?
#   ./run.sh tests        the GPU tests alone
#   ./run.sh benchmark [OPTIONS]
#                         the benchmark alone; --device, --networks, --precisions, --batches, --steps, --rounds go to
#                         both programs (./run.sh benchmark --batches 1,16)
#
# PYTHON names another python3, DDPM_LIBTORCH the folder of another libtorch (2.10 or newer).
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
python=${PYTHON:-python3}

fail() {
    echo "run.sh: $*" >&2
    exit 3
}

if [ -z "${DDPM_LIBTORCH:-}" ]; then
    command -v "$python" >/dev/null || fail "no $python on PATH: install Python with torch, or let PYTHON name one"
    DDPM_LIBTORCH=$("$python" -c 'import importlib.util as u
spec = u.find_spec("torch")
print(spec.submodule_search_locations[0] if spec else "")') || fail "$python does not run"
    [ -n "$DDPM_LIBTORCH" ] ||
        fail "$(command -v "$python") has no torch: pip install torch (2.10 or newer), or let PYTHON name a python that has it"
    export DDPM_LIBTORCH
fi

java() {
    "$here/runtime/bin/java" --enable-native-access=ALL-UNNAMED -Djava.awt.headless=true "$@"
}

doctor() {
    java -jar "$here/lib/ddpm-cli-slim.jar" doctor --device cuda
}

tests() {
    java -jar "$here/lib/junit.jar" execute --disable-banner --disable-ansi-colors --details=tree --include-tag=gpu \
        --class-path="$here/tests:$here/lib/ddpm-cli-slim.jar" --scan-class-path="$here/tests"
}

# Rows of both programs, then one table of them.
benchmark() {
    rows=$(mktemp) || exit 1
    trap 'rm -f "$rows"' EXIT
    java -cp "$here/tests:$here/lib/ddpm-cli-slim.jar" ddpm.tests.gpu.GpuBenchmark "$@" >"$rows" || exit $?
    if "$python" -c 'import torch' 2>/dev/null; then
        PYTHONDONTWRITEBYTECODE=1 "$python" "$here/peer.py" "$@" >>"$rows" || exit $?
    else
        echo "run.sh: $python cannot import torch: the table is without PyTorch's rows" >&2
    fi
    java -cp "$here/tests:$here/lib/ddpm-cli-slim.jar" ddpm.tests.gpu.BenchmarkTable "$rows"
}

case ${1:-all} in
doctor) doctor ;;
tests) tests ;;
benchmark)
    shift
    benchmark "$@"
    ;;
all)
    doctor || exit $?
    tests
    status=$?
    benchmark | tee "$here/results.md"
    exit $status
    ;;
*) fail "'$1' is none of doctor, tests and benchmark" ;;
esac
