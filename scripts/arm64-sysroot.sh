#!/usr/bin/env bash
# Unpacks the arm64 Debian packages that the cross build links with into a folder. apt runs with a
# state of its own: the machine's list of architectures and its package lists stay as they are.
#   scripts/arm64-sysroot.sh build/arm64/sysroot
set -euo pipefail

packages=(libjpeg62-turbo libturbojpeg0 libturbojpeg0-dev libyuv-dev libyuv0)
sysroot=${1:?usage: scripts/arm64-sysroot.sh DIRECTORY}
key="${packages[*]}"

if [ -f "$sysroot/stamp" ] && [ "$(cat "$sysroot/stamp")" = "$key" ]; then exit 0; fi
rm -rf "$sysroot"
mkdir -p "$sysroot"
sysroot=$(realpath "$sysroot")
apt_dir=$(mktemp -d)
trap 'rm -rf "$apt_dir"' EXIT
mkdir -p "$apt_dir/state/lists/partial" "$apt_dir/cache/archives/partial"
: >"$apt_dir/status"

private=(
  -o "Dir::State=$apt_dir/state"
  -o "Dir::State::status=$apt_dir/status"
  -o "Dir::Cache=$apt_dir/cache"
  -o APT::Architecture=arm64
  -o APT::Architectures::=arm64
  # Without root there is no other user to drop to, and with it that user cannot write here.
  -o APT::Sandbox::User="$(id -un)"
)
apt-get "${private[@]}" update
(cd "$apt_dir" && apt-get "${private[@]}" download "${packages[@]}")
for package in "$apt_dir"/*.deb; do dpkg-deb -x "$package" "$sysroot"; done
echo "$key" >"$sysroot/stamp"
