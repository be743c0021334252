SUMMARY = "Names of packages that ours need when they run, and that take hours to make"
LICENSE = "CLOSED"

INHIBIT_DEFAULT_DEPS = "1"
ALLOW_EMPTY:${PN} = "1"
RPROVIDES:${PN} = "libcrypto libzstd lz4 nodejs rauc util-linux-blockdev util-linux-resizepart util-linux-sfdisk"
