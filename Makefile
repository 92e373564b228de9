# SPDX-License-Identifier: GPL-2.0-or-later
# Every target is a script of tools/, which can be run by itself.

.PHONY: help install-deps build kmod vm shell demo test test-nightly matrix \
	debug-kernel test-debug storm bench profile lint clean deb test-deb
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# tools/vm gets its command as it was typed, dollar signs and all.
unexport RUN

help: ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

install-deps: ## install what is missing on Debian 12
	@tools/install

build: install-deps ## the programs, into build/bin
	@tools/build

kmod: install-deps ## kmod/e7.ko; KVER=RELEASE chooses the kernel
	@KVER='$(KVER)' tools/kmod

vm: kmod build ## run a command as root in a virtual machine: RUN='command'
	@tools/vm $(if $(KVER),--kernel '$(KVER)') -- '$(subst ','\'',$(value RUN))'

shell: kmod build ## an interactive shell in that machine
	@tools/vm $(if $(KVER),--kernel '$(KVER)') --shell

demo: kmod build ## what E7 does, shown on real programs
	@tools/demo

test: ## all tests
	@tools/test

test-nightly: install-deps ## the classifier against a list: a million random rulesets and flows; SEED=N for those of a run
	@nice $(MAKE) -C Tests/kmod check ROUNDS=125000 SEED='$(SEED)'

matrix: install-deps ## the module on kernels of other suites, fetched into the cache
	@tools/matrix

test-debug: install-deps ## every scenario of the module's own on that kernel, and a storm: an hour or more
	@tools/test leaks checked races

debug-kernel: install-deps ## a kernel that checks itself, built into the cache in about 15 minutes
	@tools/debug-kernel

storm: install-deps ## an hour of everything at once, on the kernel KVER
	@tools/storm $(if $(KVER),--kernel '$(KVER)')

bench: kmod build ## figures, in build/bench.json too
	@tools/bench

profile: kmod ## what the module costs, by function: BENCH='udp', 'tcp' or 'first 10 10'
	@tools/profile $(if $(KVER),--kernel '$(KVER)') $(BENCH)

deb: ## Debian packages, into build/deb
	@tools/deb

test-deb: ## those packages, installed, upgraded and removed on a Debian 12 of their own: half an hour on an idle machine without KVM
	@tools/test-deb

lint: install-deps ## formatting and static analysis
	@tools/lint

clean: ## remove what was built
	@tools/clean
