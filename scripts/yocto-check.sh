#!/usr/bin/env bash
# Checks the Yocto layer without a network and without building an image: parses it, resolves the
# images, runs our recipes' tasks with Debian's cross compiler, asks what the settings came to, and
# runs yocto-check-layer and its tests of machines.
#   scripts/yocto-check.sh LAYERS
# LAYERS has clones of bitbake, openembedded-core, meta-openembedded, meta-raspberrypi, meta-rauc.
# YOCTO_CHECK_DIR: where to work (build/yocto-check); YOCTO_CHECK_STEPS: some of
# "parse graph settings tasks layer machines", in the order that they are named in. Where hashes differ,
# YOCTO_CHECK_REASONS=1 has bitbake say why, which takes hours. A user of its own is made when this runs as
# root, because bitbake refuses root.
set -euo pipefail

repository=$(realpath "$(dirname "$0")/..")
cd "$repository"
[ $# -eq 1 ] || { echo "usage: scripts/yocto-check.sh LAYERS" >&2; exit 2; }
layers=$(realpath "$1")
work=$(realpath -m "${YOCTO_CHECK_DIR:-build/yocto-check}")
read -ra steps <<<"${YOCTO_CHECK_STEPS:-parse graph settings tasks layer machines}"
names=(bitbake openembedded-core meta-openembedded meta-raspberrypi meta-rauc)
user=edgepool-build
steps_total=$((2 + ${#steps[@]}))
log_dir=$work/log
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

check_prerequisites() {
  local tool missing=() name
  for tool in gawk chrpath diffstat cpio lz4 zstd file pseudo quilt rsync cmake ninja rpcgen npm \
    aarch64-linux-gnu-g++ locale; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] || die "missing: ${missing[*]}; install with: apt-get install gawk \
chrpath diffstat cpio lz4 zstd file pseudo quilt rsync cmake ninja-build rpcsvc-proto locales npm \
g++-aarch64-linux-gnu"
  locale -a | grep -qi '^en_US.utf-\?8$' ||
    die "the locale en_US.UTF-8 is missing: add it to /etc/locale.gen and run locale-gen"
  for name in "${names[@]}"; do
    [ -d "$layers/$name/.git" ] || [ -f "$layers/$name/.git" ] ||
      die "$layers/$name is missing: it should be a clone of $name"
  done
}

# A release has its own lock file; the clones' release is what openembedded-core says it is.
release() { sed -n 's/^LAYERSERIES_CORENAMES = "\(.*\)"/\1/p' \
  "$layers/openembedded-core/meta/conf/layer.conf"; }

head_of() { git -c safe.directory='*' -C "$1" rev-parse HEAD 2>/dev/null || true; }

# One line a clone: its commit, and whether it is the pinned one.
print_commits() {
  local lock=yocto/kas/edgepool.lock.yml name found note
  [ "$(release)" = wrynose ] || lock=yocto/kas/edgepool-$(release).lock.yml
  for name in "${names[@]}"; do
    found=$(head_of "$layers/$name")
    note="not the one in $lock"
    ! grep -q "commit: $found\$" "$lock" || note=pinned
    printf '      %-18s %s (%s)\n' "$name" "$found" "$note"
  done
}

# What cannot be cloned offline and is not in the clones: two archives, arm64 libraries.
fetch_sources() {
  local downloads=$work/downloads koffi
  mkdir -p "$downloads"
  koffi=$(node -p 'require("./package-lock.json").packages["node_modules/koffi"].version')
  cd "$downloads"
  [ -f tfjs-tflite-node-0.0.2.tgz ] || npm pack --silent tfjs-tflite-node@0.0.2
  [ -f "koromix-koffi-linux-arm64-$koffi.tgz" ] ||
    npm pack --silent "@koromix/koffi-linux-arm64@$koffi"
  [ -f libyuv_0.0~git20230123.b2528b0.orig.tar.gz ] || fetch_debian_source libyuv
  cd "$repository"
  scripts/arm64-sysroot.sh "$work/arm64"
  if [ -f build/bundle/edgepool-bundle-arm64.tar ]; then
    mkdir -p "$work/bundle"
    cp build/bundle/edgepool-bundle-arm64.tar* "$work/bundle"
  else
    echo "no build/bundle: the recipe is checked with a bundle of the same layout"
    yocto/check/bundle.sh "$downloads/koromix-koffi-linux-arm64-$koffi.tgz" "$work/bundle"
  fi
}

# apt with a list and a state of its own: the machine's package lists stay as they are. Sources come
# from where its packages come from.
fetch_debian_source() {
  local state mirror
  # shellcheck disable=SC2016 # apt's own word
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
  [ -n "$mirror" ] || die "apt knows no mirror of bookworm, which has the source of $1"
  state=$(mktemp -d)
  mkdir -p "$state/lists/partial"
  echo "deb-src $mirror bookworm main" >"$state/sources.list"
  local options=(-o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$state/lists" -o "APT::Sandbox::User=$(id -un)")
  apt-get "${options[@]}" update
  apt-get "${options[@]}" source --download-only "$1"
  rm -rf "$state"
}

# Keys are not made in the repository, where the check works unless it is told otherwise. These sign
# nothing, and stay where they are: another path would have everything parsed anew.
make_keys() {
  local made
  made=$(mktemp -d)
  scripts/yocto-keys.sh "$made"
  rm -rf "$work/keys"
  mv "$made" "$work/keys"
}

# The clones and the repository's files as the build's own user sees them: owned by it.
prepare_work() {
  local name files
  mkdir -p "$work/layers" "$work/home"
  for name in "${names[@]}"; do
    # Left as it is where it has not changed, so that bitbake's cache stays good.
    [ "$(head_of "$layers/$name")" != "$(head_of "$work/layers/$name")" ] || continue
    rm -rf "$work/layers/$name"
    git -c safe.directory='*' -c advice.detachedHead=false clone --quiet --no-hardlinks \
      "$layers/$name" "$work/layers/$name"
  done
  files=$(mktemp)
  { git ls-files -z; git ls-files -z --others --exclude-standard; } >"$files"
  rm -rf "$work/edgepool"
  mkdir -p "$work/edgepool"
  # A file that was deleted and not committed yet is still listed.
  rsync --archive --from0 --files-from="$files" --ignore-missing-args . "$work/edgepool"
  rm -f "$files"
  mkdir -p "$work/edgepool/build"
  cp -r "$work/bundle" "$work/edgepool/build/bundle"
  make_keys
  if [ "$(id -u)" -eq 0 ]; then
    id "$user" >/dev/null 2>&1 || useradd --system --home-dir "$work/home" --shell /bin/bash "$user"
    chown -R "$user:" "$work"
    as_builder test -r "$work/edgepool/yocto/meta-edgepool/conf/layer.conf" ||
      die "$user cannot reach $work: set YOCTO_CHECK_DIR to a folder that every user can enter"
  fi
}

# A clean environment, and never root.
as_builder() {
  local drop=()
  [ "$(id -u)" -ne 0 ] || drop=(setpriv --reuid="$user" --regid="$user" --init-groups)
  env -i HOME="$work/home" USER="$user" LANG=en_US.UTF-8 TERM=dumb \
    PATH="$work/layers/bitbake/bin:$work/layers/openembedded-core/scripts:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" \
    BUILDDIR="${build:-}" BBPATH="${build:-}" "${drop[@]}" "$@"
}

# configure NAME CONF LAYER...: a build folder with our settings.
configure() {
  build=$work/$1
  local conf=$2 layer
  shift 2
  mkdir -p "$build/conf"
  cp yocto/check/*.conf "$build/conf"
  {
    echo "require $conf"
    echo "DL_DIR = \"$work/downloads\""
    echo "ARM64_SYSROOT = \"$work/arm64\""
    echo "EDGEPOOL_RAUC_KEYRING = \"$work/keys/authority.cert.pem\""
    echo "EDGEPOOL_RAUC_CERT = \"$work/keys/signing.cert.pem\""
    echo "EDGEPOOL_RAUC_KEY = \"$work/keys/signing.key.pem\""
  } >"$build/conf/local.conf"
  {
    cat yocto/check/bblayers.inc
    for layer in "$@"; do echo "BBLAYERS += \"$work/$layer\""; done
  } >"$build/conf/bblayers.conf"
  # Not all of it: bitbake's server of the step before takes its sockets away while it ends.
  [ "$(id -u)" -ne 0 ] || chown "$user:" "$build" "$build/conf" "$build"/conf/*
  # bitbake takes note of its own Python code while it parses, and does so otherwise the first time
  # in a folder: everything would be parsed again at its second start. So one recipe goes first.
  [ -f "$build/cache/bb_codeparser.dat" ] || bitbake --postread "$build/conf/one-recipe.conf" -p
}

upstream=(layers/openembedded-core/meta layers/meta-openembedded/meta-oe layers/meta-raspberrypi
  layers/meta-rauc)

bitbake() { (cd "$build" && as_builder bitbake "$@"); }

parse() {
  configure build distro.conf "${upstream[@]}" edgepool/yocto/meta-edgepool
  bitbake -p
}

graph() {
  configure build distro.conf "${upstream[@]}" edgepool/yocto/meta-edgepool
  local image
  for image in edgepool-image-dev edgepool-update edgepool-image; do
    bitbake -g "$image"
    cp "$build/pn-buildlist" "$build/$image.recipes"
    grep -c '" -> "' "$build/task-depends.dot" >"$build/$image.edges"
  done
}

settings() {
  configure build distro.conf "${upstream[@]}" edgepool/yocto/meta-edgepool
  local image
  for image in edgepool-image edgepool-image-dev; do
    bitbake -e "$image" >"$build/$image.env"
  done
  as_builder /usr/bin/python3 "$work/edgepool/yocto/check/settings.py" "$build"
}

tasks() {
  configure build-tasks tasks.conf "${upstream[@]}" edgepool/yocto/meta-edgepool \
    edgepool/yocto/check/meta-standin
  local recipes=(libyuv tflite-runtime libedgepool edgepool edgepool-system rauc-conf)
  bitbake -c package_qa "${recipes[@]}"
  bitbake -c package_write_deb "${recipes[@]}"
  bitbake rpi-cmdline -c deploy
  as_builder /usr/bin/python3 "$work/edgepool/yocto/check/packages.py" "$build"
}

world=("${upstream[@]}")
[ -n "${YOCTO_CHECK_REASONS:-}" ] || world+=(edgepool/yocto/check/meta-hashes)

# The tested layer is not among the build's own, so that signatures without it are known.
layer() {
  configure build-layer offline.conf "${world[@]}"
  rm -f "$build/layer.log"
  (cd "$build" && as_builder yocto-check-layer --no-auto-dependency \
    --machines raspberrypi4-64 --dependency "$work/layers/meta-openembedded/meta-oe" \
    "$work/layers/meta-raspberrypi" "$work/layers/meta-rauc" --output-log "$build/layer.log" -- \
    "$work/edgepool/yocto/meta-edgepool")
}

# In the same folder, where much of it is parsed already.
machines() {
  configure build-layer offline.conf "${world[@]}" edgepool/yocto/meta-edgepool
  (cd "$build" && as_builder /usr/bin/python3 "$work/edgepool/yocto/check/machines.py" \
    "$work/layers/openembedded-core" "$work/layers/meta-raspberrypi" raspberrypi4-64 raspberrypi3-64)
}

# figure STEP: one line with what the step saw.
figure() {
  local log=$log_dir/$1.log
  case $1 in
    parse) grep -h 'Parsing of' "$log" | tail -n 1 ;;
    graph) for image in edgepool-image edgepool-image-dev edgepool-update; do
      echo "$image: $(wc -l <"$work/build/$image.recipes") recipes, $(cat "$work/build/$image.edges") edges"
    done ;;
    settings | tasks | machines) grep -h '^== ' "$log" | cut -c 4- ;;
    layer) grep -hE '^(INFO: )?(Ran |OK|.* \.\.\. (PASS|FAIL|SKIP)|RESULTS)' "$log" | tail -n 12 ;;
  esac | sed 's/^/      /'
}

check_prerequisites
echo "edgepool's Yocto layer with OpenEmbedded $(release), offline"
print_commits
run_step sources "sources (npm, apt; kept in ${work#"$repository"/})" fetch_sources
run_step prepare "copies for a user of their own" prepare_work
for step in "${steps[@]}"; do
  run_step "$step" "$step" "$step"
  figure "$step"
done
