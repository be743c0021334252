# The board's own keyring comes from outside the repository: its folder is searched for it.
FILESEXTRAPATHS:prepend:edgepool-distro := "${THISDIR}/files:${@os.path.dirname(d.getVar('EDGEPOOL_RAUC_KEYRING') or '')}:"
RAUC_KEYRING_FILE:edgepool-distro = "${@os.path.basename(d.getVar('EDGEPOOL_RAUC_KEYRING') or '')}"
RAUC_KEYRING_URI:edgepool-distro = "file://${RAUC_KEYRING_FILE}"

python () {
    if d.getVar('DISTRO') != 'edgepool':
        return
    keyring = d.getVar('EDGEPOOL_RAUC_KEYRING')
    if not keyring:
        raise bb.parse.SkipRecipe('EDGEPOOL_RAUC_KEYRING is not set: name the certificate that the '
                                  'board is to trust (scripts/yocto-keys.sh DIR makes one)')
    if not os.path.isabs(keyring) or not os.path.isfile(keyring):
        raise bb.parse.SkipRecipe('EDGEPOOL_RAUC_KEYRING="%s": give the full path of a certificate '
                                  'file' % keyring)
}

do_install:append:edgepool-distro() {
    # In /usr/lib since wrynose, in /etc before.
    sed -i -e 's/@COMPATIBLE@/${EDGEPOOL_COMPATIBLE}/' -e 's/@KEYRING@/${RAUC_KEYRING_FILE}/' \
        $(find ${D} -name system.conf)
}

PACKAGE_ARCH:edgepool-distro = "${MACHINE_ARCH}"
