// SPDX-License-Identifier: MIT

package wheels

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"libmemfd_go/internal/testenv"
)

// tool returns the path of a program in build/venv.
func tool(t *testing.T, name string) string {
	path, err := testenv.InVenv(name)
	if err != nil {
		testenv.Unavailable(t, err)
	}
	return path
}

// everything returns the sdist and the wheels, as uploaded.
func everything(t *testing.T) []string {
	sdists, _ := filepath.Glob(filepath.Join(testenv.Wheels(), "*.tar.gz"))
	if len(sdists) != 1 {
		testenv.Unavailable(t, errNoSdist)
	}
	files := sdists
	for _, arch := range testenv.Arches {
		files = append(files, wheel(t, arch))
	}
	return files
}

func TestAuditwheel(t *testing.T) {
	testenv.RequireRegular(t)
	auditwheel := tool(t, "auditwheel")
	each(t, func(t *testing.T, arch testenv.Arch, path string) {
		if arch.GOARCH == "arm" {
			t.Skip("auditwheel accepts only libraries marked as hard float; ours works with soft float, too")
		}
		t.Parallel()
		glibc, _ := arch.WheelTags()
		output, err := exec.Command(auditwheel, "show", path).CombinedOutput()
		want := `is consistent with the following platform tag: "` + strings.TrimPrefix(glibc, "py3-none-") + `"`
		if said := strings.Join(strings.Fields(string(output)), " "); err != nil || !strings.Contains(said, want) {
			t.Errorf("%v\n%s\nwant: %s", err, output, want)
		}
	})
}

func TestTwine(t *testing.T) {
	testenv.RequireRegular(t)
	check(t, append([]string{tool(t, "twine"), "check", "--strict"}, everything(t)...))
}

func TestCheckWheelContents(t *testing.T) {
	testenv.RequireRegular(t)
	check(t, append([]string{tool(t, "check-wheel-contents")}, everything(t)[1:]...))
}

func check(t *testing.T, command []string) {
	t.Parallel()
	if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", strings.Join(command, " "), err, output)
	}
}
