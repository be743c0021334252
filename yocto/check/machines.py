"""The tests of machines that yocto-check-layer has, in a build that has our layer.

They are for a layer that defines machines, so yocto-check-layer skips them for ours. Here they are asked
of the layer that the board's machine comes from, with ours in the build: with every machine each
recipe can be resolved, and what machines share is built in the same way for all of them.

Usage: machines.py OPENEMBEDDED_CORE LAYER MACHINE..., in a build folder whose machine is the first one.
"""

import logging
import os
import sys


def import_checks(core):
    """The parts of openembedded-core that yocto-check-layer is made of."""
    sys.path[:0] = [f'{core}/scripts/lib', f'{core}/meta/lib']
    import scriptpath
    scriptpath.add_bitbake_lib_path()
    import checklayer
    import checklayer.context
    return checklayer


def run_tests(core, folder, machines):
    checklayer = import_checks(core)
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format='%(message)s')
    [layer] = checklayer.detect_layers([folder], no_auto=True)
    build = {'builddir': os.environ['BUILDDIR'], 'machines': machines,
             'bbvars': {'MACHINE': machines[0]}}
    context = checklayer.context.CheckLayerTestContext(
        td=build, logger=logging.getLogger('machines'), layer=layer)
    context.loadTests([f'{core}/scripts/lib/checklayer/cases'], modules=['bsp'])
    return context.runTests()


def main():
    core, folder, *machines = sys.argv[1:]
    result = run_tests(core, folder, machines)
    passed, skipped = len(result.successes), len(result.skipped)
    print(f'== {passed} tests of machines passed with {" and ".join(machines)}, {skipped} skipped')
    return 0 if passed and not skipped and result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
