SUMMARY = "Debian's pseudo under the name that bitbake looks for"
LICENSE = "CLOSED"
PROVIDES = "virtual/fakeroot-native"

inherit native nopackages

INHIBIT_DEFAULT_DEPS = "1"
INHIBIT_SYSROOT_STRIP = "1"
do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${bindir}
    install -m 0755 /usr/bin/pseudo /usr/bin/pseudodb /usr/bin/pseudolog ${D}${bindir}
    # It looks for its library in lib and in lib64.
    for folder in lib lib64; do
        install -D -m 0755 /usr/lib/x86_64-linux-gnu/pseudo/libpseudo.so \
            ${D}${prefix}/lib/pseudo/$folder/libpseudo.so
    done
}
