SUMMARY = "A name for what meta-oe's recipe makes in an hour"
LICENSE = "CLOSED"

INHIBIT_DEFAULT_DEPS = "1"
ALLOW_EMPTY:${PN} = "1"
