SUMMARY = "TensorFlow Lite with XNNPACK and its C API, as built by its authors"
DESCRIPTION = "The arm64 library of the npm package tfjs-tflite-node 0.0.2: the one that edgepool is \
developed and tested with, on every machine."
HOMEPAGE = "https://www.tensorflow.org/lite"
SECTION = "libs"
LICENSE = "Apache-2.0"
# The package has no licence file of its own; its package.json says Apache-2.0.
LIC_FILES_CHKSUM = " \
    file://package.json;beginline=11;endline=11;md5=a5e133c2bb5becf3b641c7da28645b6e \
    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10 \
"

# The version of the npm package, not of what is in it.
NPM_PV = "0.0.2"

def npm_registry(d):
    """The public registry, at the address that openembedded-core has for it."""
    import oe.npm_registry
    return oe.npm_registry.REGISTRY

SRC_URI = "${@npm_registry(d)}/tfjs-tflite-node/-/tfjs-tflite-node-${NPM_PV}.tgz;subdir=${BP};striplevel=1"
SRC_URI[sha256sum] = "3be1632328a76a2475e5b6833253763c802c859433becb4d879ee1860e3b5284"

S = "${UNPACKDIR}/${BP}"

COMPATIBLE_HOST = "aarch64.*-linux"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    # To the byte: the plan of the bundle's models is for the library with this SHA-256.
    install -D -m 0755 ${S}/cc_deps/linux_arm64/libtensorflowlite_c.so \
        ${D}${libdir}/libtensorflowlite_c.so

    install -d ${D}${includedir}/tensorflow/lite/c
    install -m 0644 ${S}/cc_deps/include/tensorflow/lite/c/*.h ${D}${includedir}/tensorflow/lite/c
}

SOLIBS = ".so"
FILES_SOLIBSDEV = ""

# Stripped by its authors: there is nothing to split off.
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INHIBIT_PACKAGE_STRIP = "1"
INSANE_SKIP:${PN} = "already-stripped"

CVE_PRODUCT = "google:tensorflow"
