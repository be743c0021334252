CMDLINE:append:edgepool-distro = " ${EDGEPOOL_CMDLINE}"
