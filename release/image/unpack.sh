#!/bin/sh
# Unpacks libtorch when the image is made, so that no container does it at its start, by drawing one picture, which is thrown away.
set -eu
cd /tmp
/opt/java/bin/java -jar /opt/ddpm/ddpm-cli.jar sample --count 1 --steps 1 --out /tmp/made.png
rm /tmp/made.png
# Containers may run as any user; a mark of use is laid beside the libraries.
chmod -R a+rwX "$DDPM_CACHE"
