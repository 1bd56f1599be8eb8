#!/bin/sh
# Makes a Java runtime of the modules that the command line uses, in the folder named, with the jlink on the PATH.
set -eu
exec jlink \
    --add-modules java.base,java.desktop,java.logging,java.management,java.naming,java.net.http,java.xml,jdk.crypto.ec,jdk.management,jdk.unsupported,jdk.zipfs \
    --compress zip-6 --strip-java-debug-attributes --no-header-files --no-man-pages --output "$1"
