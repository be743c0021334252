#!/usr/bin/env bash
# Makes the keys that updates are signed with: an authority, and a certificate of it for signing.
#   scripts/yocto-keys.sh DIRECTORY
# DIRECTORY lies outside the repository, and whoever has it can update your boards: keep it safe.
set -euo pipefail

repository=$(realpath "$(dirname "$0")/..")
# shellcheck source=scripts/lib/steps.sh
. "$repository/scripts/lib/steps.sh"

[ $# -eq 1 ] || { echo "usage: scripts/yocto-keys.sh DIRECTORY" >&2; exit 2; }
directory=$(realpath -m "$1")
case $directory/ in
  "$repository"/*) die "$directory lies in the repository: choose a folder outside of it" ;;
esac
[ ! -e "$directory/signing.key.pem" ] || die "$directory has keys already: they are not overwritten"
command -v openssl >/dev/null || die "openssl is missing: install the package openssl"

umask 077
mkdir -p "$directory"
cd "$directory"
cat >authority.conf <<'CONF'
[req]
distinguished_name = name
x509_extensions = authority
prompt = no
[name]
O = edgepool
CN = edgepool updates
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[signing]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = codeSigning
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CONF
quiet=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256)
# A certificate that ends would leave boards that cannot be updated; these outlive the board.
openssl req -x509 "${quiet[@]}" -config authority.conf -days 14600 \
  -keyout authority.key.pem -out authority.cert.pem 2>/dev/null
openssl req "${quiet[@]}" -config authority.conf -subj "/O=edgepool/CN=edgepool signing" \
  -keyout signing.key.pem -out signing.csr.pem 2>/dev/null
openssl x509 -req -in signing.csr.pem -CA authority.cert.pem -CAkey authority.key.pem \
  -CAcreateserial -days 14600 -sha256 -extfile authority.conf -extensions signing \
  -out signing.cert.pem 2>/dev/null
rm -f signing.csr.pem authority.conf authority.cert.srl

cat <<TEXT
Keys made in $directory. Name them when you build:
  export EDGEPOOL_RAUC_KEYRING=$directory/authority.cert.pem
  export EDGEPOOL_RAUC_CERT=$directory/signing.cert.pem
  export EDGEPOOL_RAUC_KEY=$directory/signing.key.pem
TEXT
