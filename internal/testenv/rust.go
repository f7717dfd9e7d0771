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

// RustEnvironment returns the environment in which cargo builds for the architecture. Other
// architectures than the host's need the standard library of `rustup target add`, and link with the C
// cross compiler.
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
		return nil, fmt.Errorf("no Rust standard library for %s: run rustup target add %[1]s", target)
	}
	return append(environment,
		"CARGO_BUILD_TARGET="+target,
		"CARGO_PROFILE_TEST_STRIP=debuginfo", // too large for the memory of some virtual machines
		"CARGO_TARGET_DIR="+filepath.Join(Repository(), "build", "rust", "foreign"),
		rustSetting(target, "LINKER")+"="+linker,
	), nil
}

// RustRunner returns the argument that makes cargo run programs with a command. Cargo would split the
// value of the corresponding variable at spaces.
func (a Arch) RustRunner(command []string) string {
	quoted := make([]string, len(command))
	for i, word := range command {
		quoted[i] = strconv.Quote(word)
	}
	return "--config=target." + rustTargets[a.GOARCH] + ".runner=[" + strings.Join(quoted, ",") + "]"
}

// rustSetting returns the variable for a setting of a target.
func rustSetting(target, name string) string {
	return "CARGO_TARGET_" + strings.ToUpper(strings.ReplaceAll(target, "-", "_")) + "_" + name
}
