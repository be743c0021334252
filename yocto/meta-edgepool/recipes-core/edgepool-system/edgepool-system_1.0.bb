SUMMARY = "What makes the system an edgepool board"
DESCRIPTION = "Names for the card's partitions, the growing data partition, volatile logs, the hardware \
watchdog, SSH by key alone, the proof that a slot works before it is called good, huge pages that are \
lent, and first boot: settings, passwords, network and models out of the boot partition."
SECTION = "base"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

SRC_URI = " \
    file://60-edgepool-disk.rules \
    file://61-edgepool-camera.rules \
    file://70-edgepool.network \
    file://edgepool-data-folders.service \
    file://edgepool-data-grow.service \
    file://edgepool-first-boot.service \
    file://edgepool-host-name.service \
    file://edgepool-hugepages.service \
    file://edgepool-hugepages.socket \
    file://edgepool-led-refused.service \
    file://edgepool-led.service \
    file://edgepool-mark-good.service \
    file://edgepool-trial.service \
    file://edgepool-trial.timer \
    file://edgepool-wifi.service \
    file://end-trial.sh \
    file://first-boot.sh \
    file://forget-proof.sh \
    file://grow-partition.sh \
    file://host-name.sh \
    file://journald.conf \
    file://led.sh \
    file://mark-good.sh \
    file://resolved.conf \
    file://sshd-needs-key.conf \
    file://sshd.conf \
    file://sysctl.conf \
    file://tmpfiles-data.conf \
    file://watchdog.conf \
"

S = "${UNPACKDIR}"

inherit features_check systemd

REQUIRED_DISTRO_FEATURES = "systemd"
# Scripts, and yet not for every architecture: they need what is built for one of them.
COMPATIBLE_HOST = "aarch64.*-linux"
INHIBIT_DEFAULT_DEPS = "1"

SYSTEMD_SERVICE:${PN} = " \
    edgepool-data-folders.service \
    edgepool-data-grow.service \
    edgepool-first-boot.service \
    edgepool-host-name.service \
    edgepool-hugepages.socket \
    edgepool-led.service \
    edgepool-mark-good.service \
    edgepool-trial.timer \
    edgepool-wifi.service \
"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${systemd_system_unitdir}
    install -m 0644 ${S}/*.service ${S}/*.socket ${S}/*.timer ${D}${systemd_system_unitdir}

    install -d ${D}${libexecdir}/edgepool
    for script in end-trial first-boot forget-proof grow-partition host-name led mark-good; do
        install -m 0755 ${S}/$script.sh ${D}${libexecdir}/edgepool/$script
    done

    install -d ${D}${nonarch_libdir}/udev/rules.d
    install -m 0644 ${S}/*.rules ${D}${nonarch_libdir}/udev/rules.d

    install -D -m 0644 ${S}/journald.conf ${D}${nonarch_libdir}/systemd/journald.conf.d/10-edgepool.conf
    install -D -m 0644 ${S}/watchdog.conf ${D}${nonarch_libdir}/systemd/system.conf.d/10-edgepool.conf
    install -D -m 0644 ${S}/sysctl.conf ${D}${nonarch_libdir}/sysctl.d/50-edgepool.conf
    install -D -m 0644 ${S}/tmpfiles-data.conf ${D}${nonarch_libdir}/tmpfiles.d/edgepool-data.conf

    install -D -m 0644 ${S}/resolved.conf ${D}${nonarch_libdir}/systemd/resolved.conf.d/10-edgepool.conf
    install -D -m 0644 ${S}/70-edgepool.network ${D}${nonarch_libdir}/systemd/network/70-edgepool.network

    install -D -m 0600 ${S}/sshd.conf ${D}${sysconfdir}/ssh/sshd_config.d/10-edgepool.conf
    for unit in sshd.socket sshdgenkeys.service; do
        install -D -m 0644 ${S}/sshd-needs-key.conf \
            ${D}${systemd_system_unitdir}/$unit.d/10-edgepool.conf
    done

    # Mount points of a root file system that is never written to.
    install -d ${D}/data ${D}/boot/firmware
}

FILES:${PN} += " \
    /boot/firmware \
    /data \
    ${nonarch_libdir}/sysctl.d \
    ${nonarch_libdir}/systemd \
    ${nonarch_libdir}/tmpfiles.d \
    ${nonarch_libdir}/udev \
    ${systemd_system_unitdir} \
"

RDEPENDS:${PN} = " \
    edgepool \
    libedgepool \
    rauc \
    util-linux-blockdev \
    util-linux-resizepart \
    util-linux-sfdisk \
"
