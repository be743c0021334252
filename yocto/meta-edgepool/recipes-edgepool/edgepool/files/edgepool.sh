#!/bin/sh
# The program, with the libraries of the system that it stands in.
export EDGEPOOL_LIBRARY="${EDGEPOOL_LIBRARY:-/usr/lib/libedgepool.so}"
export EDGEPOOL_TFLITE="${EDGEPOOL_TFLITE:-/usr/lib/libtensorflowlite_c.so}"
# Young objects of JavaScript: a few MiB, as much after a day as after a minute, not up to 48.
exec /usr/bin/node --max-semi-space-size=2 /usr/lib/edgepool/dist/edgepool.mjs "$@"
