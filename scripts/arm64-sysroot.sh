#!/usr/bin/env bash
# Unpacks the arm64 Debian packages that the cross build links with into a folder.
#   scripts/arm64-sysroot.sh build/arm64/sysroot
set -euo pipefail
# shellcheck source=scripts/lib/arm64-apt.sh
. "$(dirname "$0")/lib/arm64-apt.sh"

packages=(libjpeg62-turbo liblz4-1 libssl3 libturbojpeg0 libturbojpeg0-dev libyuv-dev libyuv0
  libzstd1)
sysroot=${1:?usage: scripts/arm64-sysroot.sh DIRECTORY}
key="${packages[*]}"

if [ -f "$sysroot/stamp" ] && [ "$(cat "$sysroot/stamp")" = "$key" ]; then exit 0; fi
rm -rf "$sysroot"
mkdir -p "$sysroot"
sysroot=$(realpath "$sysroot")
apt_dir=$(mktemp -d)
trap 'rm -rf "$apt_dir"' EXIT

(cd "$apt_dir" && arm64_apt "$apt_dir" download "${packages[@]}")
for package in "$apt_dir"/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
echo "$key" >"$sysroot/stamp"
