SUMMARY = "Debian's pseudo under the name that bitbake looks for"
LICENSE = "CLOSED"
PROVIDES = "virtual/fakeroot-native"

inherit native nopackages

INHIBIT_DEFAULT_DEPS = "1"
do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${bindir} ${D}${libdir}
    ln -s /usr/bin/pseudo ${D}${bindir}/pseudo
    ln -s /usr/bin/pseudolog ${D}${bindir}/pseudolog
    ln -s /usr/lib/x86_64-linux-gnu/pseudo ${D}${prefix}/lib/pseudo
}
