#!/usr/bin/env bash
# A bundle of the layout that the recipe expects, around the real arm64 addon, for a check of the
# recipe where `make bundle` has not run. Its program prints one line.
#   yocto/check/bundle.sh KOFFI.tgz DIRECTORY
set -euo pipefail
repository=$(realpath "$(dirname "$0")/../..")
koffi=$(realpath "${1:?usage: yocto/check/bundle.sh KOFFI.tgz DIRECTORY}")
out=${2:?usage: yocto/check/bundle.sh KOFFI.tgz DIRECTORY}
name=edgepool-bundle-arm64

mkdir -p "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/$name"/{dist/page,lib,models}
tar -xzf "$koffi" -C "$stage" package/linux_arm64/koffi.node
mv "$stage/package/linux_arm64/koffi.node" "$stage/$name/lib/koffi.node"
rmdir -p "$stage/package/linux_arm64" 2>/dev/null || true
echo "console.log('edgepool: a bundle for the check of its recipe');" >"$stage/$name/dist/edgepool.mjs"
cp "$repository"/app/dashboard/page/* "$stage/$name/dist/page/"
echo '{ "name": "edgepool", "type": "module" }' >"$stage/$name/package.json"
printf 'version: 1\nmodels: []\n' >"$stage/$name/edgepool.yaml"
cp "$repository"/{package-lock.json,LICENSE,NOTICE} "$stage/$name/"
node -e '
  const { packages } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
  const shipped = Object.entries(packages).filter(([path, entry]) => path && !entry.dev);
  console.log(JSON.stringify(shipped.filter(([path]) => /koffi/.test(path)).map(([path, entry]) =>
    ({ name: path.replace(/.*node_modules\//, ""), version: entry.version, license: entry.license }))));
' <"$repository/package-lock.json" >"$stage/$name/licences.json"

tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -cf "$out/$name.tar" "$name"
(cd "$out" && sha256sum "$name.tar" >"$name.tar.sha256")
