SUMMARY = "Signed update of an edgepool board"
LICENSE = "Apache-2.0"

inherit bundle

COMPATIBLE_MACHINE = "^rpi$"

RAUC_BUNDLE_COMPATIBLE = "${EDGEPOOL_COMPATIBLE}"
RAUC_BUNDLE_VERSION = "${DISTRO_VERSION}"
RAUC_BUNDLE_DESCRIPTION = "edgepool ${DISTRO_VERSION} for ${MACHINE}"
# Reproducible: the version says what it is, a time of building does not.
RAUC_BUNDLE_BUILD = "${DISTRO_VERSION}"
BUNDLE_NAME = "${BUNDLE_BASENAME}-${MACHINE}-${DISTRO_VERSION}"
RAUC_BUNDLE_FORMAT = "verity"

RAUC_BUNDLE_SLOTS = "rootfs"
RAUC_SLOT_rootfs = "edgepool-image"
RAUC_SLOT_rootfs[fstype] = "ext4"
# An update over HTTPS fetches only the blocks that differ.
RAUC_SLOT_rootfs[adaptive] = "block-hash-index"

RAUC_CERT_FILE = "${EDGEPOOL_RAUC_CERT}"
RAUC_KEY_FILE = "${EDGEPOOL_RAUC_KEY}"

python () {
    if d.getVar('DISTRO') != 'edgepool':
        raise bb.parse.SkipRecipe('updates are made with DISTRO = "edgepool"')
    for name in ('EDGEPOOL_RAUC_CERT', 'EDGEPOOL_RAUC_KEY'):
        path = d.getVar(name)
        if not path:
            raise bb.parse.SkipRecipe('%s is not set: a bundle is not built unsigned '
                                      '(scripts/yocto-keys.sh DIR makes a key)' % name)
        if not os.path.isabs(path):
            raise bb.parse.SkipRecipe('%s="%s": give the full path of the file' % (name, path))
        inside = os.path.realpath(d.getVar('EDGEPOOL_REPOSITORY')) + os.sep
        if os.path.realpath(path).startswith(inside):
            raise bb.parse.SkipRecipe('%s="%s" lies in the repository: move the key out of it'
                                      % (name, path))
}
