# libmemfd_go: only Go and make are needed to build; see README.md for the rest.
#
#   make            the library for this machine, shared and static
#   make all-arch   for all architectures
#   make install    installs what was built, below PREFIX; DESTDIR, LIBDIR,
#                   INCLUDEDIR and MANDIR as usual, ARCH=arm64 for another machine;
#                   gdb looks for what is in DEBUGDIR in /usr/lib/debug
#   make uninstall  removes it again
#   make dist       the files of a release, in build/dist: packages for all
#                   architectures, crates, wheels, checksums, bill of materials
#   make wheel      the Python package for this machine, in build/wheels, in seconds
#   make wheels     the Python package for all architectures, and its sources, in
#                   build/wheels; needs Python and pip, too
#   make crates     the Rust packages, with the Go sources in them, in build/crates
#   make demo       sealed memory between processes in four languages
#   make setup      installs what the tests need
#   make test       does that, then runs everything
#   make check      runs everything that can run here, installs nothing
#   make stress     the hosts of tests/hosts, with as many calls as CALLS says
#   make fuzz       each fuzzer for as long as FUZZ says, and adds to its corpus
#   make audit      asks the network what is known against the dependencies
#   make bench      compares the library with its peers, in 10 minutes; writes
#                   docs/BENCHMARKS.md and README.md's figures
#   make matrix     every architecture, language, C library and kernel; writes
#                   docs/MATRIX.md; CELL=arm64/c/6.12 is one of them alone

GO ?= go
# Go does not answer if it is set to something that it cannot build for.
HOST := $(shell GOOS=linux GOARCH=amd64 $(GO) env GOHOSTARCH)
HOSTOS := $(shell GOOS=linux GOARCH=amd64 $(GO) env GOHOSTOS)
ARCHES := amd64 arm64 386 arm riscv64 ppc64le s390x loong64

PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DEBUGDIR ?= $(PREFIX)/lib/debug
ARCH ?= $(HOST)
DIST ?= build/dist
WHEELS ?= build/wheels
NFPM := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.44.0

# Instruction sets, and what else of Go's settings must not be the environment's. For old
# machines, make GOARM=5 or GOARM=6.
include capi/linker/baseline.env
export GOAMD64 GO386 GOARM GOARM64 GOPPC64 GORISCV64 GOFLAGS GOWORK CGO_ENABLED
host = GOOS=$(HOSTOS) GOARCH=$(HOST)

export MEMFD_GO_LIBRARY = $(CURDIR)/build/linux_$(HOST)/libmemfd_go.so.1
export MEMFD_GO_LIB_DIR = $(CURDIR)/build/linux_$(HOST)

sources := go.mod go.sum $(filter-out %_test.go,$(wildcard core/*.go capi/*.go capi/*.s capi/*.h \
	capi/linker/*.go capi/linker/baseline.env))
library = $(addprefix build/linux_$(1)/,libmemfd_go.so.1 libmemfd_go.so.1.debug libmemfd_go.a)

# What makes wheels: the version that the package itself asks for.
hatchling := $(shell sed -n 's/^requires = \["\(.*\)"\]$$/\1/p' bindings/python/pyproject.toml)

.DELETE_ON_ERROR:
.PHONY: FORCE all all-arch install uninstall dist wheel wheels crates demo setup test check bench stress fuzz audit matrix clean

all: $(call library,$(HOST)) build/man

all-arch: $(foreach arch,$(ARCHES),$(call library,$(arch)))

# One run makes all three.
build/linux_%/libmemfd_go.so.1 build/linux_%/libmemfd_go.so.1.debug build/linux_%/libmemfd_go.a: $(sources)
	$(host) $(GO) run ./capi/linker build -arch $* -o $(@D) GOARM=$(GOARM)

# With another GOARM it is another library.
$(call library,arm): build/goarm
build/goarm: FORCE
	@mkdir -p build
	@{ read -r was < $@; } 2> /dev/null; [ "$$was" = $(GOARM) ] || echo $(GOARM) > $@
FORCE:

build/man: include/memfd_go.h $(wildcard packaging/manpages/*.go)
	$(host) $(GO) run ./packaging/manpages include/memfd_go.h $@
	@touch $@

# By the environment, where any character is only itself.
install uninstall: export DESTDIR := $(DESTDIR)
install uninstall: export PREFIX := $(PREFIX)
install uninstall: export LIBDIR := $(LIBDIR)
install uninstall: export INCLUDEDIR := $(INCLUDEDIR)
install uninstall: export MANDIR := $(MANDIR)
install uninstall: export DEBUGDIR := $(DEBUGDIR)

install: $(call library,$(ARCH)) build/man
	packaging/install build/linux_$(ARCH)

uninstall:
	packaging/install -u

build/bin/nfpm:
	$(host) GOBIN="$$PWD/build/bin" $(GO) install $(NFPM)

# All files are as old as the last commit.
dist: all-arch build/man build/bin/nfpm wheels crates
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
		$(GO) run ./packaging/dist '$(DIST)' '$(WHEELS)' $(ARCHES)

build/venv/bin/hatchling: bindings/python/pyproject.toml
	python3 -m venv build/venv
	build/venv/bin/pip install -q '$(hatchling)'
	@touch $@

wheel: $(call library,$(HOST)) build/venv/bin/hatchling
	@mkdir -p '$(WHEELS)'
	wheels=$$(cd '$(WHEELS)' && pwd) && cd bindings/python && \
		../../build/venv/bin/hatchling build -t wheel -d "$$wheels"

wheels: all-arch build/venv/bin/hatchling
	@rm -rf '$(WHEELS)' && mkdir -p '$(WHEELS)'
	wheels=$$(cd '$(WHEELS)' && pwd) build=$$PWD/build && cd bindings/python && for arch in $(ARCHES); do \
		MEMFD_GO_LIB_DIR=$$build/linux_$$arch \
			../../build/venv/bin/hatchling build -t wheel -d "$$wheels" || exit; \
	done && ../../build/venv/bin/hatchling build -t sdist -d "$$wheels"

crates: all-arch
	$(GO) run ./packaging/crates build/crates $(ARCHES)

demo: all
	examples/demo

setup:
	tests/cmd/setup/setup

# The set-up builds the library as well, while it waits for the network. Where everything
# can be installed, what is missing then is a failure.
test:
	tests/cmd/setup/setup
	@$(MAKE) --no-print-directory all-arch
	@if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then export MEMFD_GO_REQUIRE=1; fi; \
		$(GO) run ./tests/cmd/run

check: all-arch
	$(GO) run ./tests/cmd/run

CALLS ?= 1000000

stress: all
	MEMFD_GO_CALLS=$(CALLS) $(GO) test -v -count=1 -timeout=0 ./tests/hosts
	MEMFD_GO_CALLS=$(CALLS) $(GO) test -v -count=1 -timeout=0 -run Stress ./tests/purego

FUZZ ?= 10m

fuzz: all
	MEMFD_GO_FUZZ=$(FUZZ) $(GO) test -v -count=1 -timeout=0 ./tests/fuzz

audit:
	@mkdir -p build
	tests/cmd/audit

bench: all-arch
	$(GO) run ./tests/bench

matrix: all-arch
	tests/cmd/setup/setup
	$(if $(CELL),,tests/cmd/setup/toolchains -a)
	$(GO) run ./tests/cmd/matrix $(if $(CELL),'$(CELL)')

clean:
	rm -rf build
