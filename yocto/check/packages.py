"""What our recipes made: packages for the board's processor, with their files in their places.

Usage: packages.py BUILD, after the recipes' tasks have run there with PACKAGE_CLASSES = package_deb.
"""

import re
import subprocess
import sys
from pathlib import Path

FILES = {
    'libedgepool': ['/usr/lib/libedgepool.so', '/usr/lib/edgepool-trial',
                    '/usr/libexec/edgepool/hugepages'],
    'libyuv': ['/usr/lib/libyuv.so'],
    'tflite-runtime': ['/usr/lib/libtensorflowlite_c.so'],
    'edgepool': ['/usr/bin/edgepool', '/usr/libexec/edgepool/start',
                 '/usr/lib/edgepool/dist/edgepool.mjs', '/usr/lib/edgepool/lib/koffi.node',
                 '/usr/lib/edgepool/dist/page/index.html', '/usr/lib/edgepool/package.json',
                 '/usr/lib/systemd/system/edgepool.service', '/usr/share/edgepool/edgepool.yaml',
                 '/usr/share/edgepool/package-lock.json', '/usr/share/edgepool/licences.json'],
    'edgepool-system': ['/usr/libexec/edgepool/grow-partition', '/usr/libexec/edgepool/mark-good',
                        '/usr/libexec/edgepool/first-boot', '/usr/libexec/edgepool/host-name',
                        '/usr/libexec/edgepool/led',
                        '/usr/lib/systemd/system/edgepool-hugepages.service',
                        '/usr/lib/systemd/system/edgepool-hugepages.socket',
                        '/usr/lib/systemd/system/edgepool-mark-good.service',
                        '/usr/lib/systemd/network/70-edgepool.network',
                        '/usr/lib/systemd/resolved.conf.d/10-edgepool.conf',
                        '/etc/ssh/sshd_config.d/10-edgepool.conf', '/data'],
    'rauc-conf': ['rauc/system.conf', 'rauc/authority.cert.pem'],
}
ENABLED = ['edgepool.service', 'edgepool-mark-good.service', 'edgepool-data-grow.service',
           'edgepool-trial.timer', 'edgepool-first-boot.service', 'edgepool-host-name.service',
           'edgepool-hugepages.socket', 'edgepool-led.service', 'edgepool-wifi.service']


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def find_packages(build):
    packages = {}
    for path in (build / 'tmp/deploy/deb').rglob('*.deb'):
        packages[run('dpkg-deb', '--field', path, 'Package').strip()] = path
    return packages


def check_files(packages):
    for name, files in FILES.items():
        if name not in packages:
            yield f'no package {name}'
            continue
        listed = {line.split(maxsplit=5)[5].removeprefix('.').rstrip('/')
                  for line in run('dpkg-deb', '--contents', packages[name]).splitlines()}
        # A path without a leading slash lies in /usr/lib or, with scarthgap, in /etc.
        yield from (f'{name} lacks {path}' for path in files
                    if not listed & {path, f'/usr/lib/{path}', f'/etc/{path}'})


def check_units(packages):
    """systemd's units are enabled by the packages' own scripts or by a preset."""
    for name in sorted({'edgepool', 'edgepool-system'} & packages.keys()):
        script = run('dpkg-deb', '--info', packages[name], 'postinst')
        for unit in ENABLED:
            owner = 'edgepool' if unit == 'edgepool.service' else 'edgepool-system'
            if owner == name and unit not in script:
                yield f'{name} does not enable {unit}'


def check_processor(build):
    """Compiled for the board's processor, and for nothing that it does not have."""
    for name in ('libedgepool', 'libyuv'):
        logs = list((build / 'tmp/work').glob(f'*/{name}/*/temp/log.do_compile'))
        commands = [line for log in logs for line in log.read_text().splitlines() if ' -c ' in line]
        tuned = [line for line in commands if re.search(r'-mcpu=cortex-a72\b(?!\S*\+crypto)', line)]
        if not commands or len(tuned) != len(commands):
            yield f'{name}: {len(tuned)} of {len(commands)} compilations are for the Cortex-A72'
        library = next((build / 'tmp/work').glob(f'*/{name}/*/image/usr/lib/{name}.so'))
        if 'AArch64' not in run('readelf', '--file-header', library):
            yield f'{library} is not for AArch64'


def check_environment(build):
    """U-Boot and the system must look for the environment in the same place."""
    layer = build.parent / 'edgepool/yocto/meta-edgepool/recipes-bsp/u-boot/files'
    options = dict(re.findall(r'^CONFIG_(\w+)=(\w+)$', (layer / 'edgepool.cfg').read_text(), re.M))
    wanted = [[options['ENV_OFFSET'], options['ENV_SIZE']],
              [options['ENV_OFFSET_REDUND'], options['ENV_SIZE']]]
    lines = (layer / 'fw_env.config').read_text().splitlines()
    found = [line.split()[1:] for line in lines if not line.startswith('#')]
    if found != wanted:
        yield f'fw_env.config has {found}, edgepool.cfg {wanted}'


def main():
    build = Path(sys.argv[1])
    packages = find_packages(build)
    broken = [*check_files(packages), *check_units(packages), *check_processor(build),
              *check_environment(build)]
    for what in broken:
        print(what, file=sys.stderr)
    for name in sorted(FILES.keys() & packages.keys()):
        print(f'== {packages[name].name} {packages[name].stat().st_size} bytes')
    print(f'== {len(packages)} packages, {len(broken)} faults')
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
