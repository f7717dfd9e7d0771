// SPDX-License-Identifier: MIT

package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// rustTargets are Rust's names of the architectures.
var rustTargets = map[string]string{
	"386":     "i686-unknown-linux-gnu",
	"amd64":   "x86_64-unknown-linux-gnu",
	"arm":     "armv7-unknown-linux-gnueabihf",
	"arm64":   "aarch64-unknown-linux-gnu",
	"loong64": "loongarch64-unknown-linux-gnu",
	"ppc64le": "powerpc64le-unknown-linux-gnu",
	"riscv64": "riscv64gc-unknown-linux-gnu",
	"s390x":   "s390x-unknown-linux-gnu",
}

// RustEnvironment makes cargo build for the architecture. For any other than the machine's
// own it takes the standard library that `rustup target add` brings, and the C compiler
// to link with.
func (a Arch) RustEnvironment() ([]string, error) {
	product, err := Product(a.GOARCH)
	if err != nil {
		return nil, err
	}
	environment := []string{"CARGO_NET_OFFLINE=true", "MEMFD_GO_LIB_DIR=" + product}
	if a.GOARCH == runtime.GOARCH {
		return environment, nil
	}
	linker, err := a.Compiler.Path()
	if err != nil {
		return nil, err
	}
	target := rustTargets[a.GOARCH]
	folder, err := exec.Command("rustc", "--print=target-libdir", "--target="+target).Output()
	if err != nil {
		return nil, fmt.Errorf("rustc --target=%s: %w", target, err)
	}
	if _, err := os.Stat(strings.TrimSpace(string(folder))); err != nil {
		return nil, fmt.Errorf("no standard library of Rust for %s: rustup target add %[1]s", target)
	}
	return append(environment,
		"CARGO_BUILD_TARGET="+target,
		"CARGO_PROFILE_TEST_STRIP=debuginfo", // most of a program, too much for some machine
		"CARGO_TARGET_DIR="+filepath.Join(Repository(), "build", "rust", "foreign"),
		rustSetting(target, "LINKER")+"="+linker,
	), nil
}

// RustRunner is the argument that makes cargo run programs of the architecture by a
// command. There is a variable for it, too, but that divides the command at each blank.
func (a Arch) RustRunner(command []string) string {
	quoted := make([]string, len(command))
	for i, word := range command {
		quoted[i] = strconv.Quote(word)
	}
	return "--config=target." + rustTargets[a.GOARCH] + ".runner=[" + strings.Join(quoted, ",") + "]"
}

// rustSetting is the name of a variable in which cargo looks for a setting of a target.
func rustSetting(target, name string) string {
	return "CARGO_TARGET_" + strings.ToUpper(strings.ReplaceAll(target, "-", "_")) + "_" + name
}
