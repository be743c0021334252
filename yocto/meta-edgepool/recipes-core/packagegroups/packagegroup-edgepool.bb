SUMMARY = "edgepool and what a board needs to run it by itself"

# Before the class is inherited, which would make it fit for every architecture: Node.js is not.
PACKAGE_ARCH = "${MACHINE_ARCH}"

inherit packagegroup features_check

# As what is in it.
REQUIRED_DISTRO_FEATURES = "systemd"
COMPATIBLE_HOST = "aarch64.*-linux"

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
