# The verbs of edgepool. `make help` lists them; CI calls the same ones.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash

# A Node that set-up put into the checkout goes before the system's.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.PHONY: help run setup clean distclean

help: ## list the verbs
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

run: setup ## run the default job; ARGS="..." is passed on, ARGS="--help" lists what there is
	@exec scripts/edgepool run $(ARGS)

setup: ## install and build what is missing, without running anything
	@scripts/setup.sh run

clean: ## remove what was built
	@rm -rf build dist

distclean: clean ## remove what was built and what was installed inside the checkout
	@rm -rf node_modules .tools
