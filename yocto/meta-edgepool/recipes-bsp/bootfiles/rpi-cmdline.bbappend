CMDLINE:append:edgepool = " ${EDGEPOOL_CMDLINE}"
