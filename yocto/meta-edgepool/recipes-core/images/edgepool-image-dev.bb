SUMMARY = "The SD card of an edgepool board, with tools to look inside"
DESCRIPTION = "edgepool-image with a debugger, strace and the camera's tools. The doors stay shut: \
SSH by key, no password."

require edgepool-image.inc

IMAGE_FEATURES += "tools-debug"
IMAGE_INSTALL += " \
    e2fsprogs \
    htop \
    i2c-tools \
    jq \
    perf \
    strace \
    v4l-utils \
"
