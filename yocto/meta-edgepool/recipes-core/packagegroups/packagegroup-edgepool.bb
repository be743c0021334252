SUMMARY = "edgepool and what a board needs to run it by itself"

inherit packagegroup

PACKAGE_ARCH = "${MACHINE_ARCH}"

RDEPENDS:${PN} = " \
    ca-certificates \
    e2fsprogs-e2fsck \
    edgepool \
    edgepool-system \
    libubootenv-bin \
    openssh-sshd \
    rauc \
    rauc-conf \
    tzdata-core \
    wpa-supplicant \
"
