#!/usr/bin/env bash
# Lets a Gradle project that knows our coordinates and nothing else draw a digit.
# Usage: draw.sh STAGED_REPOSITORY; the gradle on the PATH runs it, java of DRAW_JAVA_HOME (else Gradle's own) draws.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
staged=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/*.gradle "$here/../Draw.java" "$work"
case "$(uname -sm)" in
    "Linux x86_64") platform=linux-x86_64 ;;
    "Darwin arm64") platform=macosx-arm64 ;;
    *) echo "no natives are published for $(uname -sm)" >&2; exit 1 ;;
esac
version=$(ls "$staged/io/github/ddpm/ddpm-bom" | grep '^[0-9]')
(cd "$work" && gradle --no-daemon -q draw "-PddpmRepository=file://$staged" "-PddpmVersion=$version" "-PddpmPlatform=$platform")
[ -s "$work/one.png" ] || { echo "no picture was drawn" >&2; exit 1; }
cp "$work/one.png" "$staged/one.png"
echo "drawn: $staged/one.png"
