SUMMARY = "edgepool and what a board needs to run it by itself"

# Before the class is inherited, which would make it fit for every architecture: Node.js is not.
PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit packagegroup

RDEPENDS:${PN} = " \
    ca-certificates \
    e2fsprogs-e2fsck \
    edgepool \
    edgepool-system \
    libubootenv-bin \
    openssh-sshd \
    rauc \
    rauc-conf \
    tzdata \
    wireless-regdb-static \
    wpa-supplicant \
"
