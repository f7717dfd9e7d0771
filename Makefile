# libmemfd_go: only Go and make are needed to build; see README.md for the rest.
#
#   make            the library for this machine
#   make all-arch   for all architectures
#   make demo       sealed memory between processes in four languages
#   make test       installs what the tests need, then runs everything
#   make check      runs everything that can run here, installs nothing
#   make matrix     every architecture, language, C library and kernel; writes
#                   docs/MATRIX.md; CELL=arm64/c/6.12 is one of them alone

GO ?= go
HOST := $(shell $(GO) env GOHOSTARCH)
HOSTOS := $(shell $(GO) env GOHOSTOS)
ARCHES := amd64 arm64 386 arm riscv64 ppc64le s390x loong64

export CGO_ENABLED = 0
export GOARM = 7
export MEMFD_GO_LIBRARY = $(CURDIR)/build/linux_$(HOST)/libmemfd_go.so.1
export MEMFD_GO_LIB_DIR = $(CURDIR)/build/linux_$(HOST)

sources := go.mod go.sum $(wildcard core/*.go capi/*.go capi/*.s capi/*.h)
library = build/linux_$(1)/libmemfd_go.so.1

.DELETE_ON_ERROR:
.PHONY: all all-arch demo test check matrix clean

all: $(call library,$(HOST))

all-arch: $(foreach arch,$(ARCHES),$(call library,$(arch)))

build/linker: go.mod go.sum $(wildcard capi/linker/*.go)
	GOOS=$(HOSTOS) GOARCH=$(HOST) $(GO) build -trimpath -o $@ ./capi/linker

# cmd/go does not offer c-shared without cgo. It is asked for an archive, and the
# linker, which stands in front of cmd/link, turns that into c-shared and names
# itself as the external linker (capi/linker/doc.go).
build/linux_%/libmemfd_go.so.1: build/linker $(sources)
	@mkdir -p $(@D)
	GOOS=linux GOARCH=$* $(GO) build -buildmode=c-archive -trimpath \
		-toolexec='"$(CURDIR)/build/linker" toolexec' -ldflags='-E memfd_go_roots' -o $@ ./capi
	@ln -sf libmemfd_go.so.1 $(@D)/libmemfd_go.so

demo: all
	examples/demo

# Where everything can be installed, what is missing then is a failure.
test: all-arch
	tests/setup
	@if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then export MEMFD_GO_REQUIRE=1; fi; \
		$(GO) run ./tests/run

check: all-arch
	$(GO) run ./tests/run

matrix: all-arch
	tests/setup
	$(if $(CELL),,tests/lab/setup -a)
	$(GO) run ./tests/table $(if $(CELL),'$(CELL)')

clean:
	rm -rf build
