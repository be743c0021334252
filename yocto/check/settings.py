"""What the settings of the images came to, out of `bitbake -e`: no door is left open.

Usage: settings.py BUILD, where BUILD has IMAGE.env and IMAGE.recipes of both images.
"""

import re
import sys
from pathlib import Path

OPEN_DOORS = {'debug-tweaks', 'empty-root-password', 'allow-empty-password', 'allow-root-login',
              'serial-autologin-root'}
DEVELOPMENT = {'dev-pkgs', 'dbg-pkgs', 'src-pkgs', 'ptest-pkgs', 'staticdev-pkgs', 'tools-debug',
               'tools-sdk', 'tools-profile', 'tools-testapps', 'eclipse-debug',
               'package-management'}


def read_settings(path):
    """NAME="value" lines; bitbake writes a value that spans lines with a backslash at each end."""
    text = path.read_text().replace('\\\n', '')
    return dict(re.findall(r'^(?:export )?([A-Za-z0-9_:.+-]+)="(.*)"$', text, re.MULTILINE))


class Report:
    def __init__(self):
        self.held = 0
        self.broken = []

    def expect(self, what, holds):
        if holds:
            self.held += 1
        else:
            self.broken.append(what)


def check_common(report, image, env):
    features = set(env['IMAGE_FEATURES'].split())
    packages = set(env['PACKAGE_INSTALL'].split())
    report.expect(f'{image}: a door is open: {features & OPEN_DOORS}', not features & OPEN_DOORS)
    report.expect(f'{image}: the root is not read-only', 'read-only-rootfs' in features)
    report.expect(f'{image}: DISTRO is {env["DISTRO"]}', env['DISTRO'] == 'edgepool')
    report.expect(f'{image}: the tune is {env["TUNE_PKGARCH"]}', 'cortexa72' in env['TUNE_PKGARCH'])
    report.expect(f'{image}: no kernel in the slot', 'kernel-image' in packages)
    report.expect(f'{image}: IMAGE_FSTYPES is {env["IMAGE_FSTYPES"]}',
                  {'ext4', 'wic.zst', 'wic.bmap'} <= set(env['IMAGE_FSTYPES'].split()))
    report.expect(f'{image}: no partition description found', env['WKS_FULL_PATH'])
    report.expect(f'{image}: a password or a user is set: EXTRA_USERS_PARAMS',
                  not env.get('EXTRA_USERS_PARAMS'))
    report.expect(f'{image}: an SSH server that starts by itself',
                  not features & {'ssh-server-dropbear', 'ssh-server-openssh'})
    report.expect(f'{image}: no SPDX', 'create-spdx' in env['INHERIT'])
    report.expect(f'{image}: no handling of CVEs',
                  set(env['INHERIT'].split()) & {'vex', 'cve-check'})
    report.expect(f'{image}: huge pages are not on the command line',
                  'hugepages=' in env['EDGEPOOL_CMDLINE'])


def check_product(report, env, recipes):
    features = set(env['IMAGE_FEATURES'].split())
    packages = env['PACKAGE_INSTALL'].split()
    report.expect(f'edgepool-image: for development: {features & DEVELOPMENT}',
                  not features & DEVELOPMENT)
    extra = [name for name in packages if re.search(r'-(dev|dbg|src|staticdev|ptest|doc)$', name)]
    report.expect(f'edgepool-image: packages for development: {extra}', not extra)
    tools = recipes & {'gdb', 'strace', 'perf', 'packagegroup-core-tools-debug', 'dropbear',
                       'packagegroup-core-buildessential', 'tcpdump', 'dnf', 'opkg', 'apt',
                       # Of modules that are off.
                       'gstreamer1.0', 'pango'}
    report.expect(f'edgepool-image: its graph has {sorted(tools)}', not tools)
    wanted = {'edgepool', 'libedgepool', 'tflite-runtime', 'libyuv', 'rauc', 'rauc-conf',
              'libubootenv', 'nodejs', 'edgepool-system', 'linux-raspberrypi', 'u-boot', 'wpa-supplicant',
              'wireless-regdb', 'tzdata', 'edgepool-boot-file'}
    report.expect(f'edgepool-image: its graph lacks {sorted(wanted - recipes)}', wanted <= recipes)


def main():
    build = Path(sys.argv[1])
    report = Report()
    for image in ('edgepool-image', 'edgepool-image-dev'):
        check_common(report, image, read_settings(build / f'{image}.env'))
    recipes = set((build / 'edgepool-image.recipes').read_text().split())
    check_product(report, read_settings(build / 'edgepool-image.env'), recipes)
    for what in report.broken:
        print(what, file=sys.stderr)
    print(f'== {report.held} assertions on the settings hold, {len(report.broken)} do not')
    return 1 if report.broken else 0


if __name__ == '__main__':
    sys.exit(main())
