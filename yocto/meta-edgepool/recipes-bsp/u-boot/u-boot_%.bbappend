# edgepool.cfg: where U-Boot keeps its environment; fw_env.config: the same for the system's tools.
FILESEXTRAPATHS:prepend:edgepool-distro := "${THISDIR}/files:"

SRC_URI:append:edgepool-distro = " file://edgepool.cfg"
