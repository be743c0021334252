#!/usr/bin/env bash
# Builds the addon of tfjs-tflite-node, which tests and measurements compare edgepool with. Its own
# install script needs node-gyp and Node's headers from the network; one compiler call does the same.
set -euo pipefail
cd "$(dirname "$0")/.."

case $(uname -m) in
  x86_64) libraries=linux_amd64 ;;
  aarch64) libraries=linux_arm64 ;;
  *) echo "tfjs-tflite-node has no library for $(uname -m)" >&2; exit 1 ;;
esac
package=node_modules/@tensorflow/tfjs-tflite-node

mkdir -p $package/build/Release
# -w: the warnings are of code that is not ours.
g++ -std=c++17 -O2 -w -fPIC -shared -DNAPI_CPP_EXCEPTIONS \
  -Inode_modules/node-api-headers/include -Inode_modules/node-addon-api -I$package/cc_deps/include \
  $package/binding/node_tflite_binding.cc \
  $package/cc_deps/$libraries/libtensorflowlite_c.so \
  $package/cc_deps/$libraries/libexternal_delegate_obj.so \
  "-Wl,-rpath,\$ORIGIN/../../cc_deps/$libraries" \
  -o $package/build/Release/node_tflite_binding.node
