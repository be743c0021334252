SUMMARY = "The SD card of an edgepool board"
DESCRIPTION = "Read-only system in two slots, a data partition, and edgepool started by itself."

require edgepool-image.inc

# What the development image has is kept out of this one, whoever asks for it.
BAD_FEATURES = "dev-pkgs dbg-pkgs src-pkgs ptest-pkgs tools-debug tools-sdk tools-profile \
    tools-testapps package-management"

python () {
    found = set(d.getVar('BAD_FEATURES').split()) & set(d.getVar('IMAGE_FEATURES').split())
    if found:
        raise bb.parse.SkipRecipe('IMAGE_FEATURES has %s: build edgepool-image-dev for that'
                                  % ' '.join(sorted(found)))
}
