// SPDX-License-Identifier: MIT

package testenv

import (
	"fmt"
	"go/version"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// GoLoader is the dynamic loader that Go's linker has to be told, if it is wrong about
// the one of the architecture's glibc.
func (a Arch) GoLoader() string {
	switch a.GOARCH {
	case "arm":
		return "/lib/ld-linux-armhf.so.3"
	case "riscv64":
		return "/lib/ld-linux-riscv64-lp64d.so.1"
	}
	return ""
}

// GoEnvironment makes the go command build for the architecture. The first Go that
// links for s390x without cgo is 1.27.
func (a Arch) GoEnvironment() ([]string, error) {
	const first = "go1.27.4"
	environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH=" + a.GOARCH}
	if a.GOARCH != "s390x" || version.Compare(runtime.Version(), first) >= 0 {
		return environment, nil
	}
	fetch := exec.Command("go", "version")
	fetch.Env = append(os.Environ(), "GOTOOLCHAIN="+first)
	if output, err := fetch.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s cannot be had: %s", first, strings.TrimSpace(string(output)))
	}
	return append(environment, "GOTOOLCHAIN="+first), nil
}
