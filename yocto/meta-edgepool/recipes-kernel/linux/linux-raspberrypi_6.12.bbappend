FILESEXTRAPATHS:prepend:edgepool-distro := "${THISDIR}/files:"

SRC_URI:append:edgepool-distro = " file://edgepool.cfg"
