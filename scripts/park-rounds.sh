#!/usr/bin/env bash
# Parks and restores every model through every place, PARK_ROUNDS times each, for at most PARK_SECONDS;
# the native library watches over its memory (address sanitizer). Goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.tools/bin:$PATH

(cd native && cmake --preset asan -DEP_BUILD_TESTS=ON >/dev/null)
cmake --build build/native-asan --target edgepool
sanitizer=$(c++ -print-file-name=libasan.so)

# Node and the TFLite library are built without it: what they never free is theirs, and what one
# side takes with new the other may free.
export ASAN_OPTIONS=detect_leaks=0:alloc_dealloc_mismatch=0
export PARK_ROUNDS=${PARK_ROUNDS:-1000}
export PARK_PROGRESS=${PARK_PROGRESS:-$PWD/build/park-rounds}
export EDGEPOOL_LIBRARY=$PWD/build/native-asan/libedgepool.so
exec env LD_PRELOAD="$sanitizer" node --import tsx test/parking/rounds.test.ts
