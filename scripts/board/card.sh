#!/usr/bin/env bash
# Makes the board test's card, build/board/card.img: partitioned as the layer's wks says, on it the
# system of scripts/board/system.sh and what our recipes install. Made anew when one of them changes.
# The data partition is left empty: it is a board's own. Beside it build/board/stick.img, a disk with
# updates; the keys that they are signed with are gone once it is made.
#   scripts/board/card.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh
# shellcheck source=scripts/board/recipes.sh
. scripts/board/recipes.sh
# shellcheck source=scripts/board/update.sh
. scripts/board/update.sh
# shellcheck source=scripts/lib/arm64.sh
. scripts/lib/arm64.sh
PATH=$PATH:/usr/sbin:/sbin

out=$PWD/build/board
root=$out/root
card=$out/card.img
next=$out/next.ext4
bundle=build/bundle
core=$layer/recipes-core
runtime=node_modules/@tensorflow/tfjs-tflite-node
# What a fresh card has beyond the end of the data partition, for it to grow into.
spare_mib=512
# The machine that the image is built for: an update names it.
compatible=edgepool-$(sed -n 's/^machine: //p' yocto/kas/edgepool-common.yml)
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

# mib NAME: a size that the layer's settings give.
mib() { recipe_value "$layer/conf/distro/include/edgepool-boot.inc" "EDGEPOOL_$1_SIZE"; }

mapfile -t sources < <(find scripts/board/root $layer -type f | sort)
key=$(digest_of scripts/board/{card,recipes,update}.sh scripts/board/environment.cmd \
  "$out/system.stamp" $bundle/*.tar \
  "$arm64_build"/{libedgepool.so,edgepool-trial,edgepool-hugepages,camera_tensor,hold,outputs,v4l2_test} \
  "${sources[@]}")
if stamp_matches "$out/card.stamp" "$key"; then exit 0; fi

# install_shipped: what the image's package group names of ours. libedgepool's recipe installs what
# CMake does, and the runtime's takes it from its npm package.
install_shipped() {
  local recipe units
  DESTDIR=$root cmake --install "$arm64_build" --prefix /usr
  recipe_install $layer/recipes-support/tflite-runtime/*.bb $runtime "$out" "$root"
  install_recipe $layer/recipes-edgepool/edgepool/*.bb $bundle "$root"
  install_recipe $core/edgepool-system/*.bb $core "$root"
  install -m 0644 $core/base-files/files/fstab "$root/etc/fstab"
  for recipe in "$layer"/recipes-edgepool/edgepool/*.bb "$core"/edgepool-system/*.bb; do
    units=$(recipe_units "$recipe")
    # shellcheck disable=SC2086 # a list
    systemctl --root="$root" enable $units
  done
  # USERADD_PARAM of the recipe.
  sed -i 's/^video:.*/&edgepool/' "$root/etc/group"
}

# install_stand_ins: what stands for OpenEmbedded's, and what a test needs inside.
install_stand_ins() {
  local folder
  cp -r scripts/board/root/. "$root"
  systemctl --root="$root" enable systemd-networkd.service systemd-timesyncd.service \
    var-volatile-lib.service
  # Nobody logs in, and nobody installs packages.
  systemctl --root="$root" mask getty.target getty-static.service systemd-networkd-wait-online.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service
  for folder in cache log spool tmp; do
    rm -rf "${root:?}/var/$folder"
    ln -s volatile/$folder "$root/var/$folder"
  done
  mkdir -p "$root"/var/volatile "$root"/var/lib/{edgepool,systemd/timesync}
  install -D -t "$root/usr/libexec/edgepool-test" "$arm64_build"/{camera_tensor,hold,outputs,v4l2_test}
}

# fill_card: the MBR and the four partitions, each begins at a multiple of 4 MiB.
fill_card() {
  local boot slot data
  boot=$(mib BOOT) slot=$(mib SLOT) data=$(mib DATA)
  rm -f "$card"
  truncate -s $((4 + boot + 2 * slot + data + spare_mib))M "$card"
  sfdisk --quiet "$card" <<TABLE
label: dos
label-id: 0xED6EB007
start=4MiB, size=${boot}MiB, type=c, bootable
size=${slot}MiB, type=83
size=${slot}MiB, type=83
size=${data}MiB, type=83
TABLE
  mkfs.vfat -F 16 -s 8 -n BOOT --offset $((4 * 2048)) "$card" $((boot * 1024))
  mcopy -i "$card@@4M" "$out/boot.scr" ::boot.scr
  mke2fs -q -t ext4 -d "$root" -E offset=$(((4 + boot) * 1024 * 1024)) "$card" "${slot}M"
}

# fill_next: what an update brings, told apart by a file. As large as the image's recipe makes it.
fill_next() {
  echo next >"$root/etc/edgepool-test"
  rm -f "$next"
  mke2fs -q -t ext4 -i 8192 -d "$root" "$next" "$(($(du -sk "$root" | cut -f 1) * 11 / 10))k"
}

rm -rf "$root"
cp -a "$out/system" "$root"
install_shipped
install_stand_ins
install_kernel "$root"
scripts/yocto-keys.sh "$keys" >/dev/null
install_rauc "$root" "$keys"
boot_script "$out/boot.scr"
# Without root the files are ours until fakeroot calls them root's.
if [ "$(id -u)" -eq 0 ]; then
  fill_card
  fill_next
else
  export -f fill_card fill_next mib recipe_value
  export root card next out layer spare_mib
  # shellcheck disable=SC2016 # for that shell
  fakeroot -- bash -euo pipefail -c 'chown -R 0:0 "$root"; fill_card; fill_next'
fi
rm -rf "$root"
make_stick "$next" "$keys"
rm -f "$next" "$out/boot.scr"
echo "$key" >"$out/card.stamp"
