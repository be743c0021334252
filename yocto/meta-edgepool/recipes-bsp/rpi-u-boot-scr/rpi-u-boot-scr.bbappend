FILESEXTRAPATHS:prepend:edgepool-distro := "${THISDIR}/files:"
