SUMMARY = "Debian's libjpeg-turbo for arm64 under openembedded-core's name"
LICENSE = "CLOSED"
PROVIDES = "jpeg"

INHIBIT_DEFAULT_DEPS = "1"
do_configure[noexec] = "1"
do_compile[noexec] = "1"

# Debian's arm64 packages, unpacked (scripts/arm64-sysroot.sh).
ARM64_SYSROOT ?= ""

do_install() {
    install -d ${D}${libdir} ${D}${includedir}
    for library in libjpeg.so libturbojpeg.so; do
        cp --dereference ${ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu/$library.? ${D}${libdir}
    done
    ln -s libturbojpeg.so.0 ${D}${libdir}/libturbojpeg.so
    ln -s libjpeg.so.62 ${D}${libdir}/libjpeg.so
    cp ${ARM64_SYSROOT}/usr/include/*.h ${D}${includedir}
}

INSANE_SKIP:${PN} = "already-stripped ldflags"
