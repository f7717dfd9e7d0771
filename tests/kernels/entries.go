// SPDX-License-Identifier: MIT

package kernels

import (
	"cmp"

	"libmemfd_go/internal/testenv"
)

// An entry of the matrix is a kernel with its settings. The suite of each language runs on it.
type entry struct {
	goarch string
	kernel string // VERSION or VERSION-VARIANT, as in kernel@ARCH-VERSION
	host   string // the kernel's architecture, if it is not goarch
	setup  string // the suffix of the name that stands for the settings, or ""

	commandLine string
	settings    map[string]string // below /proc/sys

	secret  bool // memfd_secret(2) must work
	regular bool // part of make test
	onlyC   bool // runs the C suite only; the other languages would repeat another entry
	forgery bool // F_SEAL_EXEC adds seals while writable mappings exist
}

func (e entry) name() string {
	if e.setup == "" {
		return e.kernel
	}
	return e.kernel + "+" + e.setup
}

// hardware is the architecture of the virtual machine and its kernel.
func (e entry) hardware() string {
	if e.host != "" {
		return e.host
	}
	return e.goarch
}

func (e entry) part() string { return "kernel@" + e.hardware() + "-" + e.kernel }

// hasHugePages is false for arm, which has none, and for s390x, where the emulated processor
// lacks them.
func (e entry) hasHugePages() bool { return e.goarch != "arm" && e.goarch != "s390x" }

// known tells the suites what this kernel supports, so that a test fails instead of being
// skipped if it finds otherwise (tests/c/known_kernel.c).
func (e entry) known() []string {
	yesNo := map[bool]string{true: "yes", false: "no"}
	noexec := cmp.Or(e.settings["vm/memfd_noexec"], "0")
	if e.kernel == "5.10" || e.kernel == "6.1" {
		noexec = "missing"
	}
	return []string{
		"MEMFD_GO_SECRET=" + yesNo[e.secret],
		"MEMFD_GO_HUGE_PAGES=" + yesNo[e.hasHugePages()],
		"MEMFD_GO_NOEXEC=" + noexec,
		"MEMFD_GO_FORGERY=" + yesNo[e.forgery],
	}
}

// triesPairs is true where tests/c/interleavings.c tries pairs of operations: on each version of
// the kernel, without settings, for architectures where the test can stop at system calls.
func (e entry) triesPairs() bool {
	return e.setup == "" && (e.goarch == "amd64" || e.goarch == "arm64" && e.kernel == "6.12")
}

func (e entry) arch() testenv.Arch { return testenv.ArchOf(e.goarch) }

// stock is a kernel without settings.
func stock(goarch, kernel string, secret bool) entry {
	return entry{goarch: goarch, kernel: kernel, secret: secret}
}

// regularly makes the entry part of make test.
func regularly(e entry) entry {
	e.regular = true
	return e
}

// onlyInC runs no other suite on the entry.
func onlyInC(e entry) entry {
	e.onlyC = true
	return e
}

// booted adds parameters to the kernel's command line.
func booted(e entry, setup, commandLine string, secret bool) entry {
	e.setup, e.commandLine, e.secret = setup, commandLine, secret
	return e
}

// with writes a value to a file below /proc/sys.
func with(e entry, setup, name, value string) entry {
	e.setup, e.settings = setup, map[string]string{name: value}
	return e
}

const (
	hasSecret = true
	noSecret  = false
)

// arm and ppc64le never have memfd_secret(2). Before Linux 6.5 it is off unless the command line
// enables it.
var entries = []entry{
	regularly(stock("amd64", "5.10", noSecret)),
	regularly(booted(stock("amd64", "6.1", noSecret), "secretmem", "secretmem.enable=1", hasSecret)),

	stock("arm64", "6.12", hasSecret),
	stock("amd64", "6.1", noSecret),
	stock("amd64", "6.12", hasSecret),
	{goarch: "amd64", kernel: "6.12.43", secret: hasSecret, onlyC: true, forgery: true},
	onlyInC(booted(stock("amd64", "6.12", hasSecret), "nosecretmem", "secretmem.enable=0", noSecret)),
	onlyInC(with(stock("amd64", "6.12", hasSecret), "noexec1", "vm/memfd_noexec", "1")),
	with(stock("amd64", "6.12", hasSecret), "noexec2", "vm/memfd_noexec", "2"),
	stock("arm64", "6.12-16k", hasSecret),
	onlyInC(stock("386", "6.1", noSecret)),
	{goarch: "386", kernel: "6.5", secret: hasSecret, forgery: true},
	{goarch: "386", host: "amd64", kernel: "6.12", secret: hasSecret}, // Debian 12 is the last with a 386 kernel
	stock("arm", "6.12", noSecret),
	stock("riscv64", "6.12", hasSecret),
	stock("ppc64le", "6.12", noSecret),
	stock("ppc64le", "6.12-64k", noSecret),
	stock("s390x", "6.12", hasSecret),

	// The newest kernel in Debian sid. Its failures are reported, but do not fail make matrix.
	stock("amd64", "new", hasSecret),
	// The i8042 driver waits for a keyboard controller that the machine lacks.
	booted(stock("loong64", "new", hasSecret), "", "initcall_blacklist=i8042_init", hasSecret),
}
