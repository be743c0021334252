# shellcheck shell=bash
# The board's processor without a board: Debian's cross compiler, and programs under QEMU's user
# mode. On an arm64 machine: its own compiler, and programs as they are.

arm64_root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
arm64_sysroot=$arm64_root/build/arm64-sysroot
# Its libedgepool.so is the built one; its edgepool-trial can be started by a program that is
# emulated, which the built one cannot.
arm64_native=$arm64_root/build/arm64/native

if [ "$(uname -m)" = aarch64 ]; then
  arm64_build=$arm64_root/build/native
  arm64_emulator=()
else
  arm64_build=$arm64_root/build/native-arm64
  # shellcheck disable=SC2034 # for the scripts that take this file in
  # The processor is named: QEMU's default accepts instructions that a Cortex-A72 does not have.
  arm64_emulator=(qemu-aarch64-static -cpu cortex-a72 -L /usr/aarch64-linux-gnu
    -E "LD_LIBRARY_PATH=$arm64_sysroot/usr/lib/aarch64-linux-gnu")
fi

# arm64_configure: makes the build folder ready, tests included.
arm64_configure() {
  local preset=release extra=()
  if [ ${#arm64_emulator[@]} -gt 0 ]; then
    preset=arm64
    extra=("-DEP_SYSROOT_EXTRA=$arm64_sysroot")
  fi
  (cd "$arm64_root/native" && cmake --preset $preset -DEP_BUILD_TESTS=ON "${extra[@]}")
}

# arm64_library: the native library and what the program starts beside it, in $arm64_native.
arm64_library() {
  arm64_configure
  cmake --build "$arm64_build" --target edgepool edgepool-trial
  mkdir -p "$arm64_native"
  ln -sf "$arm64_build/libedgepool.so" "$arm64_native/libedgepool.so"
  {
    echo '#!/bin/sh'
    printf 'exec '
    printf "'%s' " "${arm64_emulator[@]}" "$arm64_build/edgepool-trial"
    # shellcheck disable=SC2016 # the words of the script that is written
    echo '"$@"'
  } >"$arm64_native/edgepool-trial"
  chmod +x "$arm64_native/edgepool-trial"
}
