SUMMARY = "Debian's libjpeg-turbo for arm64 under openembedded-core's name"
LICENSE = "CLOSED"
PROVIDES = "jpeg"

INHIBIT_DEFAULT_DEPS = "1"
do_configure[noexec] = "1"
do_compile[noexec] = "1"

# Debian's arm64 packages, unpacked (scripts/arm64-sysroot.sh).

ARM64_SYSROOT ?= ""

do_install() {
    install -D -m 0755 ${ARM64_SYSROOT}/usr/lib/aarch64-linux-gnu/libturbojpeg.so.0 \
        ${D}${libdir}/libturbojpeg.so.0
    ln -s libturbojpeg.so.0 ${D}${libdir}/libturbojpeg.so
    install -D -m 0644 ${ARM64_SYSROOT}/usr/include/turbojpeg.h ${D}${includedir}/turbojpeg.h
}

INSANE_SKIP:${PN} = "already-stripped ldflags"
