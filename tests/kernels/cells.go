// SPDX-License-Identifier: MIT

package kernels

import (
	"cmp"

	"libmemfd_go/internal/testenv"
)

// A cell is a kernel with its settings, on which each language's suite runs.
type cell struct {
	goarch string
	kernel string // VERSION or VERSION-VARIANT, as in kernel@ARCH-VERSION
	host   string // the kernel's architecture, if it is another
	setup  string // names the settings, if there are any

	commandLine string
	settings    map[string]string // below /proc/sys

	secret  bool // memfd_secret(2) has to work
	regular bool // not for the full matrix alone
	onlyC   bool // other languages would find what they find on another one
	forgery bool // F_SEAL_EXEC sets seals while somebody can write
}

func (c cell) name() string {
	if c.setup == "" {
		return c.kernel
	}
	return c.kernel + "+" + c.setup
}

// hardware is the architecture of machine and kernel.
func (c cell) hardware() string {
	if c.host != "" {
		return c.host
	}
	return c.goarch
}

func (c cell) part() string { return "kernel@" + c.hardware() + "-" + c.kernel }

// hasHugePages is false for arm, which has none, and s390x, whose emulated processor
// has none.
func (c cell) hasHugePages() bool { return c.goarch != "arm" && c.goarch != "s390x" }

// known is the environment that tells a suite what is known of the kernel: nothing of
// that may be skipped as missing (tests/c/known_kernel.c).
func (c cell) known() []string {
	yesNo := map[bool]string{true: "yes", false: "no"}
	noexec := cmp.Or(c.settings["vm/memfd_noexec"], "0")
	if c.kernel == "5.10" || c.kernel == "6.1" {
		noexec = "missing"
	}
	return []string{
		"MEMFD_GO_SECRET=" + yesNo[c.secret],
		"MEMFD_GO_HUGE_PAGES=" + yesNo[c.hasHugePages()],
		"MEMFD_GO_NOEXEC=" + noexec,
		"MEMFD_GO_FORGERY=" + yesNo[c.forgery],
	}
}

// failsCalls is true where tests/c/failing_calls_*.c run: they take minutes, and it makes
// little difference to them what kernel they run on. The machine's own is a newer one.
func (c cell) failsCalls() bool { return c.goarch == "amd64" && c.kernel == "5.10" }

// triesPairs is true where tests/c/interleavings.c tries pairs of operations: on the oldest
// kernel, on the newest one, and on one whose seals can be forged.
func (c cell) triesPairs() bool {
	return c.goarch == "amd64" && (c.kernel == "5.10" || c.kernel == "new" || c.forgery)
}

func (c cell) arch() testenv.Arch {
	for _, a := range testenv.Arches {
		if a.GOARCH == c.goarch {
			return a
		}
	}
	panic("no such architecture: " + c.goarch)
}

// stock is a kernel without settings.
func stock(goarch, kernel string, secret bool) cell {
	return cell{goarch: goarch, kernel: kernel, secret: secret}
}

// regularly puts a cell into the regular run.
func regularly(c cell) cell {
	c.regular = true
	return c
}

// inC leaves a cell to the C suite.
func inC(c cell) cell {
	c.onlyC = true
	return c
}

// booted gives a cell a kernel command line.
func booted(c cell, setup, commandLine string, secret bool) cell {
	c.setup, c.commandLine, c.secret = setup, commandLine, secret
	return c
}

// with makes a setting.
func with(c cell, setup, name, value string) cell {
	c.setup, c.settings = setup, map[string]string{name: value}
	return c
}

const (
	hasSecret = true
	noSecret  = false
)

// cells is the table of them. arm and ppc64le never have memfd_secret(2); before
// Linux 6.5 it has to be enabled.
var cells = []cell{
	regularly(stock("amd64", "5.10", noSecret)),
	regularly(booted(stock("amd64", "6.1", noSecret), "secretmem", "secretmem.enable=1", hasSecret)),

	stock("arm64", "6.12", hasSecret),
	stock("amd64", "6.1", noSecret),
	stock("amd64", "6.12", hasSecret),
	{goarch: "amd64", kernel: "6.12.43", secret: hasSecret, onlyC: true, forgery: true},
	inC(booted(stock("amd64", "6.12", hasSecret), "nosecretmem", "secretmem.enable=0", noSecret)),
	inC(with(stock("amd64", "6.12", hasSecret), "noexec1", "vm/memfd_noexec", "1")),
	with(stock("amd64", "6.12", hasSecret), "noexec2", "vm/memfd_noexec", "2"),
	stock("arm64", "6.12-16k", hasSecret),
	inC(stock("386", "6.1", noSecret)),
	{goarch: "386", kernel: "6.5", secret: hasSecret, forgery: true},
	{goarch: "386", host: "amd64", kernel: "6.12", secret: hasSecret}, // the last Debian that has a 386 kernel is 12
	stock("arm", "6.12", noSecret),
	stock("riscv64", "6.12", hasSecret),
	stock("ppc64le", "6.12", noSecret),
	stock("ppc64le", "6.12-64k", noSecret),
	stock("s390x", "6.12", hasSecret),

	// The newest that there is: what fails there is for us to learn (tests/cmd/matrix).
	stock("amd64", "new", hasSecret),
	// Its driver of the keyboard waits for one that is not there.
	booted(stock("loong64", "new", hasSecret), "", "initcall_blacklist=i8042_init", hasSecret),
}
