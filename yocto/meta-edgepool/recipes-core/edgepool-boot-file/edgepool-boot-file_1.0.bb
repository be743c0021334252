SUMMARY = "edgepool.yaml on the boot partition: what a board is told at its first start"
DESCRIPTION = "Everything in it is a comment: a card that nobody has written to starts with the \
system's own settings. The image puts it onto the boot partition."
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"

SRC_URI = "file://edgepool.yaml"

S = "${UNPACKDIR}"

inherit allarch deploy nopackages

do_configure[noexec] = "1"
do_compile[noexec] = "1"
do_install[noexec] = "1"

# With the line ends that every editor knows.
do_deploy() {
    sed 's/$/\r/' ${S}/edgepool.yaml >${DEPLOYDIR}/edgepool-first-boot.yaml
}
addtask deploy after do_unpack before do_build
