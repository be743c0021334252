SUMMARY = "edgepool: several models on live camera frames, each in its own pool of memory"
DESCRIPTION = "The program as `make bundle` makes it: one JavaScript file, the native addon that calls \
libedgepool, models with their plans. The layer's README describes the bundle."
SECTION = "console/utils"
# The program's own licence, and those of what is bundled with it (checked against the bundle's list).
LICENSE = "Apache-2.0 & BSD-3-Clause & ISC & MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57"

BUNDLE = "edgepool-bundle-arm64"
EDGEPOOL_BUNDLE_DIR ?= "${EDGEPOOL_REPOSITORY}/build/bundle"

FILESEXTRAPATHS:prepend := "${THISDIR}/files:${EDGEPOOL_BUNDLE_DIR}:"
SRC_URI = " \
    file://${BUNDLE}.tar \
    file://${BUNDLE}.tar.sha256 \
    file://edgepool.service \
    file://edgepool.sh \
    file://start.sh \
"

S = "${UNPACKDIR}/${BUNDLE}"

inherit features_check systemd useradd

REQUIRED_DISTRO_FEATURES = "systemd"
COMPATIBLE_HOST = "aarch64.*-linux"

SYSTEMD_SERVICE:${PN} = "edgepool.service"

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system edgepool"
USERADD_PARAM:${PN} = "--system --gid edgepool --groups video --no-create-home \
    --home-dir ${localstatedir}/lib/edgepool --shell ${base_sbindir}/nologin edgepool"

python () {
    bundle = d.expand('${EDGEPOOL_BUNDLE_DIR}/${BUNDLE}.tar')
    for path in (bundle, bundle + '.sha256'):
        if not os.path.exists(path):
            raise bb.parse.SkipRecipe('%s is missing: run `make bundle` first'
                                      % os.path.normpath(path))
}

# The fetcher checks what comes from a network; a local file is checked here.
python check_bundle() {
    import hashlib
    folder = d.getVar('EDGEPOOL_BUNDLE_DIR')
    name = d.expand('${BUNDLE}.tar')
    with open(os.path.join(folder, name + '.sha256')) as listed:
        wanted = listed.read().split()[0]
    with open(os.path.join(folder, name), 'rb') as bundle:
        found = hashlib.sha256(bundle.read()).hexdigest()
    if found != wanted:
        bb.fatal('%s: SHA-256 is %s, its .sha256 file says %s: run `make bundle` again'
                 % (name, found, wanted))
}
do_unpack[prefuncs] += "check_bundle"

# Every licence in the bundle's list stands in LICENSE; a new dependency cannot slip in unnoticed.
python do_configure() {
    import json, re
    with open(d.expand('${S}/licences.json')) as listed:
        packages = json.load(listed)
    known = set(re.split(r'[\s&|()]+', d.getVar('LICENSE')))
    for package in packages:
        terms = re.split(r'\s+OR\s+', package['license'].strip('()'))
        if not any(set(re.split(r'\s+AND\s+', term)) <= known for term in terms):
            bb.fatal('%s %s has the licence "%s", which LICENSE of this recipe does not have'
                     % (package['name'], package['version'], package['license']))
}

do_compile[noexec] = "1"

do_install() {
    install -d ${D}${libdir}/edgepool/dist/page ${D}${libdir}/edgepool/lib
    install -m 0644 ${S}/package.json ${D}${libdir}/edgepool
    install -m 0644 ${S}/dist/*.mjs ${D}${libdir}/edgepool/dist
    install -m 0644 ${S}/dist/page/* ${D}${libdir}/edgepool/dist/page
    # TensorFlow Lite, which the bundle has too, comes from its own recipe.
    install -m 0755 ${S}/lib/koffi.node ${D}${libdir}/edgepool/lib

    install -d ${D}${datadir}/edgepool/models
    install -m 0644 ${S}/edgepool.yaml ${D}${datadir}/edgepool
    find ${S}/models -maxdepth 1 -type f -exec install -m 0644 {} ${D}${datadir}/edgepool/models \;
    # What is bundled, and under which terms, is said on the board itself.
    for paper in NOTICE package-lock.json licences.json; do
        install -m 0644 ${S}/$paper ${D}${datadir}/edgepool
    done

    install -D -m 0755 ${UNPACKDIR}/edgepool.sh ${D}${bindir}/edgepool
    install -D -m 0755 ${UNPACKDIR}/start.sh ${D}${libexecdir}/edgepool/start
    install -D -m 0644 ${UNPACKDIR}/edgepool.service ${D}${systemd_system_unitdir}/edgepool.service
}

FILES:${PN} += "${datadir}/edgepool"

RDEPENDS:${PN} = "libedgepool nodejs tflite-runtime"

# Stripped where it was built.
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INHIBIT_PACKAGE_STRIP = "1"
INSANE_SKIP:${PN} = "already-stripped"
