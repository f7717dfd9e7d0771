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

// GoLoader returns the dynamic loader of the architecture's glibc, if the default of Go's linker is
// another one.
func (a Arch) GoLoader() string {
	switch a.GOARCH {
	case "arm":
		return "/lib/ld-linux-armhf.so.3"
	case "riscv64":
		return "/lib/ld-linux-riscv64-lp64d.so.1"
	}
	return ""
}

// GoEnvironment returns the environment in which the go command builds for the architecture. Go links
// programs with purego for s390x since 1.27.
func (a Arch) GoEnvironment() ([]string, error) {
	const first = "go1.27.4"
	environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH=" + a.GOARCH}
	if a.GOARCH != "s390x" || version.Compare(runtime.Version(), first) >= 0 {
		return environment, nil
	}
	fetch := exec.Command("go", "version")
	fetch.Env = append(os.Environ(), "GOTOOLCHAIN="+first)
	if output, err := fetch.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot download %s: %s", first, strings.TrimSpace(string(output)))
	}
	return append(environment, "GOTOOLCHAIN="+first), nil
}
