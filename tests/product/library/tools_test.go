// SPDX-License-Identifier: MIT

package library

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"libmemfd_go/internal/testenv"
)

func TestElflintFindsNothing(t *testing.T) {
	tool, err := testenv.Tool{Name: "eu-elflint"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	each(t, func(t *testing.T, l library) {
		out, err := exec.Command(tool, "--gnu-ld", l.path).CombinedOutput()
		if bytes.Contains(out, []byte("unknown machine type")) {
			t.Skip("this version of eu-elflint does not support the architecture")
		}
		if err != nil {
			t.Errorf("%s --gnu-ld %s: %v\n%s", tool, l.path, err, out)
		}
	})
}

// readelf -a understands the library without warnings.
func TestReadelfUnderstandsEverything(t *testing.T) {
	tool, err := testenv.Tool{Name: "readelf"}.Path()
	if err != nil {
		testenv.Unavailable(t, err)
	}
	complaint := regexp.MustCompile(`(?mi)^.*(warning:|error:|corrupt|<unknown|unrecognized).*$`)
	each(t, func(t *testing.T, l library) {
		cmd := exec.Command(tool, "--all", "--wide", "--debug-dump=frames-interp", l.path)
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v", err)
		}
		for _, line := range complaint.FindAll(out, 10) {
			t.Errorf("%s", line)
		}
		if !bytes.Contains(out, []byte("Name: MEMFD_GO_1.0")) {
			t.Error("readelf does not see the version MEMFD_GO_1.0")
		}
	})
}
