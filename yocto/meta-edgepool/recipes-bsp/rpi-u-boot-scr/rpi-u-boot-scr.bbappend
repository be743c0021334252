FILESEXTRAPATHS:prepend:edgepool := "${THISDIR}/files:"
