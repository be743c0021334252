#!/usr/bin/env bash
# Builds the library and its tests for the board's processor, runs them under QEMU, and holds the
# outputs of models against those of this machine's processor.
set -euo pipefail
cd "$(dirname "$0")/.."
steps_total=2
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

if [ "$(uname -m)" = aarch64 ]; then
  echo "This machine is arm64: the native tests have run on the processor itself."
  exit 0
fi

# shellcheck source=scripts/lib/arm64.sh
. scripts/lib/arm64.sh
libraries=node_modules/@tensorflow/tfjs-tflite-node/cc_deps

build_arm64() {
  arm64_configure
  cmake --build "$arm64_build"
  # The other side of the comparison.
  (cd native && cmake --preset release -DEP_BUILD_TESTS=ON)
  cmake --build build/native --target outputs
}

# compare_outputs MODEL PICTURE
compare_outputs() {
  local dump=$arm64_build/outputs.bin steps=1
  # TensorFlow Lite's own uint8 kernels, which run the models that XNNPACK does not take, round
  # otherwise with NEON in each layer. It is the library's own difference: on each processor our
  # outputs are the library's to the bit (identity_test).
  case $1 in *_quant.tflite) steps=3 ;; esac
  echo "$(basename "$1"): cortex-a72 beside $(uname -m)"
  build/native/outputs write $libraries/linux_amd64/libtensorflowlite_c.so "$1" "$2" "$dump"
  "${arm64_emulator[@]}" "$arm64_build/outputs" compare \
    $libraries/linux_arm64/libtensorflowlite_c.so "$1" "$2" "$dump" $steps
}

run_step arm64-sysroot "arm64 packages of Debian" scripts/arm64-sysroot.sh "$arm64_sysroot"
run_step arm64-build "building for cortex-a72" build_arm64
ctest --test-dir "$arm64_build" --output-on-failure --no-tests=error

for model in build/models/*.tflite; do compare_outputs "$model" -; done
if [ -d ../shared/models ]; then
  for model in ../shared/models/*.tflite; do
    compare_outputs "$model" ../shared/media/cat_1080p.jpg
  done
elif [ "${CI:-}" = true ]; then
  die "../shared/models is not there: trained models were not compared"
else
  echo "Not compared, ../shared/models is not there: trained models."
fi
