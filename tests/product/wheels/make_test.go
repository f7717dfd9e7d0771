// SPDX-License-Identifier: MIT

package wheels

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// `make wheel` builds the same wheel for the host as `make wheels`.
func TestMakeWheel(t *testing.T) {
	testenv.RequireRegular(t)
	tool(t, "hatchling")
	folder := t.TempDir()
	build := exec.Command("make", "wheel", "WHEELS="+folder)
	build.Dir = testenv.Repository()
	// Variables of a make that runs this test would affect the inner one.
	for _, variable := range build.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			build.Env = append(build.Env, variable)
		}
	}
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, output)
	}
	for _, arch := range testenv.Arches {
		if arch.GOARCH == runtime.GOARCH {
			sameFiles(t, wheel(t, arch), one(t, folder))
		}
	}
}
