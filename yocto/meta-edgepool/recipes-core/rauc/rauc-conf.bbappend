FILESEXTRAPATHS:prepend:edgepool-distro := "${THISDIR}/files:"

# The board's own keyring, from outside the repository; under the name that system.conf gives.
RAUC_KEYRING_FILE:edgepool-distro = "keyring.pem"
RAUC_KEYRING_URI:edgepool-distro = "file://${EDGEPOOL_RAUC_KEYRING};downloadfilename=keyring.pem"

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
    sed -i 's/@COMPATIBLE@/${EDGEPOOL_COMPATIBLE}/' ${D}${nonarch_libdir}/rauc/system.conf
}

PACKAGE_ARCH:edgepool-distro = "${MACHINE_ARCH}"
