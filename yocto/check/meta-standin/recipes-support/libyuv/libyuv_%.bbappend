# Without a network there is no clone. Debian's source package is the same commit, as an archive.
SRC_URI = "file://libyuv_0.0~git20230123.b2528b0.orig.tar.gz;subdir=${BP};striplevel=1"
SRCREV = ""
FILESEXTRAPATHS:prepend := "${DL_DIR}:"
