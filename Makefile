# SPDX-License-Identifier: MIT
# Building needs only Go and make. `make help` lists the targets and prints the text after ##.

GO ?= go
# `go env` fails if the environment names a platform that Go does not know. `sudo make install`
# often finds no Go, so that make remembers the host in build/host.
go_env := $(shell GOOS=linux GOARCH=amd64 $(GO) env GOHOSTARCH GOHOSTOS GOVERSION 2> /dev/null)
HOST := $(or $(word 1,$(go_env)),$(file < build/host))
HOSTOS := $(word 2,$(go_env))
ARCHES := amd64 arm64 386 arm riscv64 ppc64le s390x loong64

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share
DEBUGDIR ?= $(PREFIX)/lib/debug
ARCH ?= $(HOST)
DIST = build/dist
WHEELS = build/wheels
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.0

# Go's settings, which must not come from the environment. For older ARM, use make GOARM=5 or 6.
include capi/linker/baseline.env
export GOAMD64 GO386 GOARM GOARM64 GOPPC64 GORISCV64 GOFLAGS GOWORK CGO_ENABLED
host = GOOS=$(HOSTOS) GOARCH=$(HOST)

export MEMFD_GO_LIBRARY = $(CURDIR)/build/linux_$(HOST)/libmemfd_go.so.1
export MEMFD_GO_LIB_DIR = $(CURDIR)/build/linux_$(HOST)

sources := go.mod go.sum $(filter-out %_test.go,$(wildcard core/*.go capi/*.go capi/*.s capi/*.h \
	capi/linker/*.go capi/linker/baseline.env))
library = $(addprefix build/linux_$(1)/,libmemfd_go.so.1 libmemfd_go.so.1.debug libmemfd_go.a)

# The version of hatchling that the Python package requires.
hatchling := $(shell sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' bindings/python/pyproject.toml)

.DELETE_ON_ERROR:
.PHONY: FORCE all all-arch command commands install uninstall dist wheel wheels crates demo help setup quick test check lint sync format bench stress fuzz audit matrix clean

##@ Build

all: $(call library,$(HOST)) build/man build/host ## the library for this machine, shared and static

all-arch: $(foreach arch,$(ARCHES),$(call library,$(arch))) ## the library for all architectures

# One run builds all three.
build/linux_%/libmemfd_go.so.1 build/linux_%/libmemfd_go.so.1.debug build/linux_%/libmemfd_go.a: $(sources) build/goversion
	$(host) $(GO) run ./capi/linker build -arch $* -o $(@D) GOARM=$(GOARM)

# Another GOARM rebuilds what is for arm, another Go everything. `make install` keeps what was built,
# because root may find another Go.
$(call library,arm) build/linux_arm/memfd: build/goarm
build/goarm: value = $(GOARM)
build/goversion: value = $(wordlist 3,9,$(go_env))
build/goversion: keep = $(if $(filter-out install uninstall,$(or $(MAKECMDGOALS),all)),$(if $(go_env),,yes),yes)
build/goarm build/goversion: FORCE
	@mkdir -p build
	@{ read -r was < $@; } 2> /dev/null; [ "$$was" = '$(value)' ] || [ "$$was" -a '$(keep)' ] || echo '$(value)' > $@
FORCE:

build/host: $(call library,$(HOST))
	@echo $(HOST) > $@

build/linux_/%: # HOST is empty
	$(error $(GO) was not found; building needs Go 1.25 or later)

# An interrupted build must not leave a folder that looks complete.
build/man: include/memfd_go.h $(wildcard packaging/manpages/*.go internal/header/*.go)
	@rm -rf $@ $@.new
	$(host) $(GO) run ./packaging/manpages include/memfd_go.h $@.new
	@mv $@.new $@

# The command is a separate module, so that its dependencies are not the library's.
command: all $(call library,$(ARCH)) build/linux_$(ARCH)/memfd build/command ## the library and the command memfd; make install then installs both

commands: $(foreach arch,$(ARCHES),build/linux_$(arch)/memfd) build/command ## the command for all architectures

command_sources := $(wildcard cmd/memfd/go.* cmd/memfd/*.go cmd/memfd/internal/*/*.go bindings/go/memfd/*.go core/*.go)

build/linux_%/memfd: $(command_sources) build/goversion
	cd cmd/memfd && GOOS=linux GOARCH=$* $(GO) build -trimpath -buildvcs=false -ldflags='-s -w' -o ../../$@ .

build/command: $(command_sources)
	@rm -rf $@ $@.new
	cd cmd/memfd && $(host) $(GO) run -tags docs . docs ../../$@.new
	@mv $@.new $@

# Passed in the environment, where no character needs quoting.
install uninstall: export BINDIR := $(BINDIR)
install uninstall: export DATADIR := $(DATADIR)
install uninstall: export DESTDIR := $(DESTDIR)
install uninstall: export PREFIX := $(PREFIX)
install uninstall: export LIBDIR := $(LIBDIR)
install uninstall: export INCLUDEDIR := $(INCLUDEDIR)
install uninstall: export MANDIR := $(MANDIR)
install uninstall: export DEBUGDIR := $(DEBUGDIR)

##@ Install (PREFIX, LIBDIR, INCLUDEDIR, MANDIR, BINDIR, DATADIR, DEBUGDIR, DESTDIR)

# The command is installed if it was built, and must not be older than the library.
install: $(if $(wildcard build/linux_$(ARCH)/memfd),build/linux_$(ARCH)/memfd build/command)
install: $(call library,$(ARCH)) build/man ## install the library; ARCH=arm64 installs the one for arm64
	packaging/install build/linux_$(ARCH)

uninstall: ## remove what make install installed
	packaging/install -u

build/bin/nfpm: Makefile
	$(host) GOBIN="$$PWD/build/bin" $(GO) install $(NFPM)
	@touch $@

##@ Packages

# All files get the time of the last commit, so that the build is reproducible.
dist: all-arch commands build/man build/bin/nfpm wheels crates ## all files of a release, in build/dist
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
		$(host) $(GO) run ./packaging/dist '$(DIST)' '$(WHEELS)' $(ARCHES)

build/venv/bin/hatchling: bindings/python/pyproject.toml
	python3 -m venv build/venv
	build/venv/bin/pip install -q '$(hatchling)'
	@touch $@

wheel: $(call library,$(HOST)) build/venv/bin/hatchling ## the Python wheel for this machine
	@mkdir -p '$(WHEELS)'
	wheels=$$(cd '$(WHEELS)' && pwd) && cd bindings/python && \
		../../build/venv/bin/hatchling build -t wheel -d "$$wheels"

wheels: all-arch build/venv/bin/hatchling ## the Python wheels for all architectures, and the sdist
	@mkdir -p '$(WHEELS)' && rm -f '$(WHEELS)'/memfd_go-*
	wheels=$$(cd '$(WHEELS)' && pwd) build=$$PWD/build && cd bindings/python && for arch in $(ARCHES); do \
		MEMFD_GO_LIB_DIR=$$build/linux_$$arch \
			../../build/venv/bin/hatchling build -t wheel -d "$$wheels" || exit; \
	done && ../../build/venv/bin/hatchling build -t sdist -d "$$wheels"

crates: all-arch ## the Rust crates, which include the Go sources
	$(host) $(GO) run ./packaging/crates build/crates $(ARCHES)

##@ Try it

demo: all ## processes in four languages share sealed memory
	examples/demo

##@ Test

setup: ## install what the tests need; WITH=bench or audit for those
	tests/cmd/setup/setup $(WITH)

quick: all ## the main tests, in a minute; T=map: only those of map
	$(GO) run ./tests/cmd/run -quick $(if $(T),-subject '$(T)')

# As root on Debian, setup can install everything, so a missing tool is a failure.
test: setup ## make setup, then all tests and linters
	@$(MAKE) --no-print-directory all-arch commands
	@if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then export MEMFD_GO_REQUIRE=1; fi; \
		$(GO) run ./tests/cmd/run

check: all-arch commands ## all tests that can run without installing anything
	$(GO) run ./tests/cmd/run

lint: all ## run the linters of all languages
	$(GO) run ./tests/cmd/run lint

sync: ## after a change of the header: update exports and bindings
	$(GO) test -count=1 -v ./tests/contract -run TestSync -sync

format: ## format the sources of all languages
	$(GO) run ./tests/cmd/run -format

##@ Test more

CALLS ?= 1000000

stress: export MEMFD_GO_TESTS = regular
stress: export MEMFD_GO_CALLS = $(CALLS)
stress: all ## programs with threads, forks and signals; CALLS=1000000 each
	$(GO) test -v -count=1 -timeout=0 ./tests/hosts
	$(GO) test -v -count=1 -timeout=0 -run Stress ./tests/purego
	$(GO) test -v -count=1 -timeout=0 -run 'TestGoRace' ./tests/languages

FUZZ ?= 10m

fuzz: export MEMFD_GO_TESTS = regular
fuzz: export MEMFD_GO_FUZZ = $(FUZZ)
fuzz: all ## run each fuzzer for FUZZ=10m, and extend its corpus
	$(GO) test -v -count=1 -timeout=0 ./tests/fuzz

audit: ## look up known vulnerabilities of the dependencies
	@$(MAKE) --no-print-directory setup WITH=audit
	tests/cmd/audit

bench: all-arch ## compare with other libraries; updates docs/BENCHMARKS.md
	@$(MAKE) --no-print-directory setup WITH=bench
	$(GO) run ./tests/bench

matrix: all-arch ## all architectures and kernels; ENTRY=arm64/c/6.12: only one
	@$(if $(findstring /,$(ENTRY)),,MEMFD_GO_TESTS=full) $(MAKE) --no-print-directory setup \
		WITH=$(firstword $(subst /, ,$(ENTRY)))
	$(GO) run ./tests/cmd/matrix $(if $(ENTRY),'$(ENTRY)')

##@ Other

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { print "\n" substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

clean: ## remove the folder build
	rm -rf build
