SUMMARY = "Conversion and scaling of YUV pictures"
DESCRIPTION = "The same commit as Debian 12's package, so that a frame is converted on the board to the \
very bytes that it is converted to on a developer's machine."
HOMEPAGE = "https://chromium.googlesource.com/libyuv/libyuv/"
SECTION = "libs"
LICENSE = "BSD-3-Clause"
LIC_FILES_CHKSUM = "file://LICENSE;md5=464282cfb405b005b9637f11103a7325"

SRC_URI = "git://chromium.googlesource.com/libyuv/libyuv;protocol=https;branch=main;destsuffix=${BP}"
SRCREV = "b2528b0be934de1918e20c85fc170d809eeb49ab"

S = "${UNPACKDIR}/${BP}"

inherit cmake

# Its CMakeLists.txt asks for CMake 2.8, which CMake 4 takes only when told to.
# JPEG is decoded by libjpeg-turbo itself.
EXTRA_OECMAKE = "-DCMAKE_POLICY_VERSION_MINIMUM=3.5 -DCMAKE_DISABLE_FIND_PACKAGE_JPEG=ON"

# No version is in the library's name, so nothing sorts it into -dev.
do_install() {
    install -D -m 0755 ${B}/libyuv.so ${D}${libdir}/libyuv.so
    install -d ${D}${includedir}
    cp -R --no-dereference --preserve=mode ${S}/include/. ${D}${includedir}
}

SOLIBS = ".so"
FILES_SOLIBSDEV = ""

CVE_PRODUCT = "libyuv"
UPSTREAM_CHECK_COMMITS = "1"
