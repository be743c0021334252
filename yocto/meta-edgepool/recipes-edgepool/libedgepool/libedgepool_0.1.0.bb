SUMMARY = "edgepool's native library: one region, isolated pools, models, frames"
SECTION = "libs"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

# Sources out of the commit that the recipe stands in: no second pin that could disagree with it, and
# nothing to fetch. bitbake takes the checksum of every file.
FILESEXTRAPATHS:prepend := "${EDGEPOOL_REPOSITORY}:"
SRC_URI = "file://native file://LICENSE"

S = "${UNPACKDIR}"
OECMAKE_SOURCEPATH = "${S}/native"

DEPENDS = "jpeg libyuv"

inherit cmake

# The tests run on a developer's machine and under emulation (make test); the library is used by
# nothing but the app, which opens it by name.
EXTRA_OECMAKE = "-DEP_BUILD_TESTS=OFF"

# `gst:` sources: a module of its own package, which the program opens when one is asked for. Off:
# the board's own cameras need none of it, and which decoders may be shipped is a licence question.
PACKAGECONFIG ??= ""
PACKAGECONFIG[gst] = "-DEP_GSTREAMER=ON,-DEP_GSTREAMER=OFF,pkgconfig-native gstreamer1.0 gstreamer1.0-plugins-base"

PACKAGES =+ "${PN}-gst"
SUMMARY:${PN}-gst = "edgepool: frames from GStreamer pipelines"
FILES:${PN}-gst = "${libdir}/libedgepool-gst.so"
# The sink is a library; the conversion before it is a plugin. Named only where the module is built:
# what a package needs is built even if the package turns out to be empty.
GST_RDEPENDS = "gstreamer1.0-plugins-base-videoconvertscale gstreamer1.0-plugins-base-app"
RDEPENDS:${PN}-gst = "${@bb.utils.contains('PACKAGECONFIG', 'gst', '${GST_RDEPENDS}', '', d)}"

# Opened by name when the first parked model leaves the process, so nothing says that it is needed.
RDEPENDS:${PN} += "libcrypto"
# By name too, where parking.compress asks for one of them.
RRECOMMENDS:${PN} += "lz4 libzstd"

SOLIBS = ".so"
FILES_SOLIBSDEV = ""

# Tries a model in a process of its own; the app looks for it beside the library. What a service of
# edgepool-system starts is there too.
FILES:${PN} += "${libdir}/edgepool-trial ${libexecdir}/edgepool"
