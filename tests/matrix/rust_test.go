package matrix

import (
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/tests/lab"
	"libmemfd_go/tests/results"
)

// rustTargets are Rust's names of the architectures.
var rustTargets = map[string]string{
	"386":     "i686-unknown-linux-gnu",
	"arm":     "armv7-unknown-linux-gnueabihf",
	"arm64":   "aarch64-unknown-linux-gnu",
	"loong64": "loongarch64-unknown-linux-gnu",
	"ppc64le": "powerpc64le-unknown-linux-gnu",
	"riscv64": "riscv64gc-unknown-linux-gnu",
	"s390x":   "s390x-unknown-linux-gnu",
}

// The tests of both crates, cross-compiled.
func TestRust(t *testing.T) {
	if _, err := (lab.Tool{Name: "cargo"}).Path(); err != nil {
		t.Skip(err)
	}
	onForeign(t, false, func(t *testing.T, arch lab.Arch) {
		suite := "trixie"
		if arch.GOARCH == "loong64" {
			suite = "sid"
		}
		rust := part(t, arch, "rust@"+suite)
		linker, err := arch.Compiler.Path()
		if err != nil {
			unavailable(t, true, err)
		}
		target := rustTargets[arch.GOARCH]
		settings := "CARGO_TARGET_" + strings.ToUpper(strings.ReplaceAll(target, "-", "_"))
		run := command{
			folder: filepath.Join(lab.Repository(), "bindings", "rust"),
			environment: append(kernel(t, arch),
				"CARGO_NET_OFFLINE=true",
				"CARGO_TARGET_DIR="+filepath.Join(lab.Repository(), "build", "rust", suite),
				"MEMFD_GO_LIB_DIR="+filepath.Dir(library(t, arch)),
				"RUSTC="+filepath.Join(rust, "bin", "rustc"),
				settings+"_LINKER="+linker,
				settings+"_RUNNER="+strings.Join(runner(t, arch), " "),
			),
			// All targets, that is no examples of the documentation: cargo and an older
			// rustdoc do not agree how to run those elsewhere.
			arguments: []string{
				"cargo", "test", "--locked", "--workspace", "--no-fail-fast", "--all-targets", "--target", target, "--", "--show-output",
			},
		}
		output, status := run.capture(t, suiteTimeout)
		subtests(t, run, results.ParseCargo(output), output, status, nil)
	})
}

// runner is the command that runs a program for cargo: the emulator, or where the
// machine needs none, the foreign loader.
func runner(t *testing.T, arch lab.Arch) []string {
	if emulator := emulator(t, arch); emulator != nil {
		return emulator
	}
	lib := filepath.Join(arch.Root(), "lib")
	return []string{filepath.Join(lib, "ld-linux.so.2"), "--library-path", lib + ":" + filepath.Dir(library(t, arch))}
}
