# The system is read-only: first boot writes the zone onto the data partition. Without it: UTC.
do_install:append:edgepool-distro() {
    ln -sfn /data/board/localtime ${D}${sysconfdir}/localtime
}
