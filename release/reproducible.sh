#!/usr/bin/env bash
# Builds what is committed twice, in folders of different names, and compares every artifact byte for byte.
# Usage: release/reproducible.sh [MAVEN OPTION]...
set -euo pipefail
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for build in first the-second; do
    git clone --quiet --no-hardlinks "$root" "$work/$build"
    # Another umask and time zone: neither may reach an artifact.
    (cd "$work/$build" && ./mvnw -q -B package -DskipTests "$@")
    umask 077
    export TZ=Pacific/Chatham
    (cd "$work/$build" && find . -path '*/target/*' \( -name 'ddpm-*.jar' -o -name published-pom.xml -o -name bom.json \) -print0 |
        sort -z | xargs -0 sha256sum) >"$work/$build.sums"
done
if ! diff "$work/first.sums" "$work/the-second.sums"; then
    echo "two builds of $(git -C "$root" rev-parse --short HEAD) differ in the files above" >&2
    exit 1
fi
echo "two builds of $(git -C "$root" rev-parse --short HEAD) are equal in $(wc -l <"$work/first.sums") files"
