#!/bin/sh
# The program, with the libraries of the system that it stands in.
export EDGEPOOL_LIBRARY="${EDGEPOOL_LIBRARY:-/usr/lib/libedgepool.so}"
export EDGEPOOL_TFLITE="${EDGEPOOL_TFLITE:-/usr/lib/libtensorflowlite_c.so}"
exec /usr/bin/node /usr/lib/edgepool/dist/edgepool.mjs "$@"
