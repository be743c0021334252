#!/usr/bin/env bash
# Verifies the systemd units that the layer ships, and the mounts that its fstab makes, in a scratch
# root of the layer's own files; then asks how well each service is sealed off.
#   scripts/yocto-units.sh
set -euo pipefail

cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

# Exposure as systemd-analyze counts it, in tenths: 30 is its "OK" and better.
threshold=30
recipes=(yocto/meta-edgepool/recipes-core/edgepool-system yocto/meta-edgepool/recipes-edgepool/edgepool)

command -v systemd-analyze >/dev/null || die "systemd-analyze is missing: install the package systemd"
generator=/usr/lib/systemd/system-generators/systemd-fstab-generator
[ -x "$generator" ] || die "$generator is missing: install the package systemd"

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
units=$root/usr/lib/systemd/system
mkdir -p "$units" "$root"/{etc,usr/bin,usr/sbin,usr/libexec/edgepool,data}
# The units of systemd itself, which ours are ordered against.
cp -r /usr/lib/systemd/system/. "$units"
ln -s usr/lib "$root/lib"
ln -s usr/bin "$root/bin"

shipped=()
for recipe in "${recipes[@]}"; do
  for unit in "$recipe"/files/*.{service,socket,timer}; do
    [ -f "$unit" ] || continue
    install -m 0644 "$unit" "$units"
    shipped+=("$(basename "$unit")")
  done
  for script in "$recipe"/files/*.sh; do
    install -m 0755 "$script" "$root/usr/libexec/edgepool/$(basename "$script" .sh)"
  done
done
# What the units call and no file of the layer's is.
install -m 0755 /usr/bin/systemd-tmpfiles "$root/usr/bin/systemd-tmpfiles"
install -m 0755 /bin/true "$root/usr/sbin/wpa_supplicant"
install -m 0755 /bin/true "$root/usr/libexec/edgepool/hugepages"
SYSTEMD_FSTAB=$PWD/yocto/meta-edgepool/recipes-core/base-files/files/fstab \
  "$generator" "$units" "$units" "$units"
mounts=(data.mount boot-firmware.mount var-lib-edgepool.mount var-lib-systemd-timesync.mount)

status=0
version=$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')
known='^$'
# Two settings that the board's systemd (255 or later) has and an older one on this machine has not.
[ "$version" -ge 254 ] || known="Unknown key.* '(RestartSteps|RestartMaxDelaySec)' in section"
found=$(systemd-analyze verify --man=no --root="$root" "${shipped[@]}" "${mounts[@]}" 2>&1 |
  grep -vE "$known" || true)
if [ -n "$found" ]; then
  printf '%s\n' "$found" >&2
  status=1
fi
echo "verified: ${shipped[*]} ${mounts[*]}"

for unit in "${shipped[@]}"; do
  [[ $unit == *.service ]] || continue
  if line=$(systemd-analyze security --no-pager --offline=true --threshold=$threshold --root="$root" \
    "$unit" 2>&1); then
    grep 'Overall exposure' <<<"$line" | sed "s/^[^O]*/  /"
  else
    printf '%s\n' "$line" >&2
    status=1
  fi
done
exit $status
