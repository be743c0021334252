# The verbs of edgepool. `make help` lists them; CI calls the same ones.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

# A Node that set-up put into the checkout goes before the system's.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.PHONY: help run test test-native test-app test-sanitizers test-e2e test-machine arm64-test board-test power-cut soak baseline bench fuzz outage park-rounds neighbours lint format \
        models package bundle shapes setup setup-test clean distclean

help: ## list the verbs
	@sed -n 's/^\([a-z0-9 -]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 56

run: setup ## run the default job; ARGS="..." is passed on, ARGS="--help" lists what there is
	@exec scripts/edgepool run $(ARGS)

test: setup-test ## run every test: native, app, sanitizers, end to end, arm64, an emulated board
	@scripts/test.sh

test-native test-app test-sanitizers test-e2e test-machine: setup-test ## run one part of the tests
	@scripts/test.sh $(@:test-%=%)

arm64-test: setup-test ## build for the board's processor and run the native tests under QEMU
	@scripts/test.sh arm64

board-test: setup-test ## boot what is shipped on an emulated Cortex-A72, and let things befall it
	@scripts/test.sh board

# The same test as among the others of board-test, with many more cuts; TEST_SEED names another seed.
power-cut: setup-test ## cut the emulated board's power at random moments, with a card that forgets (CUTS=50)
	@scripts/board.sh
	@CUTS=$${CUTS:-50} node --import tsx --test --test-reporter=spec test/machine/power-cut.test.ts

soak: setup-test ## a minute of changing sizes and ten minutes three times, on a quiet machine: deadlines kept, memory flat (SOAK_SECONDS=N)
	@SIZES_SECONDS=60 node --import tsx --test --test-concurrency=1 --test-reporter=spec \
	  test/e2e/sizes.test.ts test/soak/soak.test.ts

baseline: setup ## renew test/baseline.json: what models need now is what they may need from now on
	@node --import tsx scripts/baseline.ts build/models ../shared/models

# Real models are compared too where a folder of them lies beside the checkout.
bench: setup-test ## measure edgepool beside what one would otherwise use; writes docs/benchmarks.md
	@scripts/edgepool bench all --pages docs --json build/benchmarks.json \
	  $(addprefix --models ,$(wildcard ../shared/models))

# The same test as among all others, with many more commands; TEST_SEED names another seed.
fuzz: setup-test ## send 100,000 random commands by MQTT to the program while it streams
	@FUZZ_MESSAGES=$${FUZZ_MESSAGES:-100000} node --import tsx --test test/e2e/mqtt-commands.test.ts

# The same test as among all others, with a longer absence.
outage: setup-test ## kill the broker for a minute under load, on a quiet machine (OUTAGE_SECONDS=N)
	@OUTAGE_SECONDS=$${OUTAGE_SECONDS:-60} node --import tsx --test --test-reporter=spec test/e2e/broker-away.test.ts

# The same tests as among all others, with many more rounds of every model: hours. It goes on where
# it was, as long as the native library is the same.
park-rounds: setup-test ## park and restore every model 1,000 times, through every place (PARK_ROUNDS=N, PARK_SECONDS=N: so much of it)
	@scripts/park-rounds.sh

# The same test as among all others, with a network that is cut for a minute, and what is measured.
neighbours: setup-test ## park models at neighbours on a network of 1 Gbit/s, on a quiet machine (CUT_SECONDS=N, ROUNDS=N)
	@cd native && cmake --preset release -DEP_BUILD_TESTS=ON >/dev/null
	@cmake --build build/native --target delay_relay
	@CUT_SECONDS=$${CUT_SECONDS:-60} node --import tsx --test --test-reporter=spec test/parking/neighbour-network.test.ts
	@node --import tsx scripts/neighbours/measure.ts

lint: setup-test ## check format, types, imports, native code and scripts
	@scripts/lint.sh

format: setup-test ## bring every file into the formatters' shape
	@scripts/format.sh

package: setup ## make the npm package that other programs install: edgepool-VERSION.tgz
	@node --import tsx scripts/bundle/package.ts
	@npm pack --silent

bundle: setup-test ## make the program's bundle for a board (arm64), which the SD image is built with
	@scripts/bundle.sh

shapes: setup ## train the detector of the test pattern anew, from its seed (some ten minutes)
	@scripts/train-shapes.sh

models: setup ## make the default job's models in build/models
	@ls -l build/models

setup: ## install and build what is missing, without running anything
	@scripts/setup.sh run

setup-test: ## the same, with what lint and tests need
	@scripts/setup.sh test

clean: ## remove what was built
	@rm -rf build dist

distclean: clean ## remove what was built and what was installed inside the checkout
	@rm -rf node_modules .tools

include yocto/yocto.mk
