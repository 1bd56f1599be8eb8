#!/usr/bin/env bash
# Builds what is committed twice, in folders of different names, and compares every artifact byte for byte.
# Usage: release/reproducible.sh [MAVEN OPTION]...
set -euo pipefail
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
commit=$(git -C "$root" rev-parse --short HEAD)
work=$(mktemp -d)
# The thin jar of ddpm-cli keeps the modes of the files in it, which follow from this.
umask 022
trap 'rm -rf "$work"' EXIT
for build in first the-second; do
    git clone --quiet --no-hardlinks "$root" "$work/$build"
    git -C "$work/$build" checkout --quiet "$commit"
    (cd "$work/$build" && ./mvnw -q -B package -DskipTests "$@")
    # The second is built in another time zone: .mvn/jvm.config keeps it out of the times of the entries.
    export TZ=Pacific/Chatham
    (cd "$work/$build" && find . -path '*/target/*' \( -name 'ddpm-*.jar' -o -name published-pom.xml -o -name bom.json \) -print0 |
        sort -z | xargs -0 sha256sum) >"$work/$build.sums"
done
if ! diff "$work/first.sums" "$work/the-second.sums"; then
    echo "two builds of $commit differ in the files above" >&2
    exit 1
fi
echo "two builds of $commit are equal in $(wc -l <"$work/first.sums") files"
