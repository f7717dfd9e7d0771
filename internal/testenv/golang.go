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
	if err := HasGo(first); err != nil {
		return nil, err
	}
	return append(environment, "GOTOOLCHAIN="+first), nil
}

// HasGo returns an error if the go command cannot switch to a release.
func HasGo(release string) error {
	fetch := exec.Command("go", "version")
	fetch.Env = append(os.Environ(), "GOTOOLCHAIN="+release)
	if output, err := fetch.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot download %s: %s", release, strings.TrimSpace(string(output)))
	}
	return nil
}
