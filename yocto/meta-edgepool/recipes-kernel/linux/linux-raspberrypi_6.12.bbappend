FILESEXTRAPATHS:prepend:edgepool := "${THISDIR}/files:"

SRC_URI:append:edgepool = " file://edgepool.cfg"
