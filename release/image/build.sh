#!/usr/bin/env bash
# Takes the steps of Dockerfile in a folder, where no registry of images is reached: debootstrap brings the base, chroot runs in it.
# Usage (as root, after `mvn package -DskipTests`, JAVA_HOME a JDK 25): release/image/build.sh FOLDER
# With buildah installed the folder becomes the image `ddpm` as well.
set -euo pipefail
root=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
image=$1
[ ! -e "$image" ] || { echo "$image is there already: name a folder that is not" >&2; exit 1; }
: "${JAVA_HOME:?set it to a JDK 25, whose jlink makes the runtime}"

debootstrap --variant=minbase --include=libstdc++6,libfontconfig1,libfreetype6 stable "$image" >/dev/null
rm -rf "$image"/var/lib/apt/lists/* "$image"/var/cache/apt/archives/*.deb
PATH="$JAVA_HOME/bin:$PATH" "$root/release/image/runtime.sh" "$image/opt/java"
mkdir -p "$image/opt/ddpm" "$image/work"
cp "$root/ddpm-cli/target/ddpm-cli.jar" "$image/opt/ddpm/"
cp "$root/release/image/unpack.sh" "$image/"
mount -t proc proc "$image/proc"
trap 'umount "$image/proc"' EXIT
DDPM_CACHE=/opt/ddpm/cache LC_ALL=C.UTF-8 chroot "$image" /unpack.sh
umount "$image/proc"
trap - EXIT
echo "$image: $(du -sm "$image" | cut -f1) MB, of which java $(du -sm "$image/opt/java" | cut -f1), ddpm $(du -sm "$image/opt/ddpm" | cut -f1)"

if command -v buildah >/dev/null; then
    container=$(buildah from scratch)
    buildah copy -q "$container" "$image" /
    buildah config --env DDPM_CACHE=/opt/ddpm/cache --env LC_ALL=C.UTF-8 --workingdir /work --cmd '["--help"]' \
        --entrypoint '["/opt/java/bin/java", "-jar", "/opt/ddpm/ddpm-cli.jar"]' "$container"
    buildah commit -q --rm "$container" ddpm
else
    echo "buildah is not installed: the folder is all there is" >&2
fi
