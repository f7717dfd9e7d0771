// SPDX-License-Identifier: MIT

package wheels

import (
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// `make wheel` makes the wheel of this machine alone, the same as `make wheels` does.
func TestMakeWheel(t *testing.T) {
	testenv.RequireRegular(t)
	tool(t, "hatchling")
	folder := t.TempDir()
	build := exec.Command("make", "wheel", "WHEELS="+folder)
	build.Dir = testenv.Repository()
	// That the tests may themselves run under make is not this one's business.
	for _, variable := range build.Environ() {
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			build.Env = append(build.Env, variable)
		}
	}
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, arch := range testenv.Arches {
		if arch.GOARCH == runtime.GOARCH {
			sameFiles(t, wheel(t, arch), one(t, folder))
		}
	}
}
