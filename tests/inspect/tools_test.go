package inspect

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"libmemfd_go/tests/lab"
)

func TestElflintFindsNothing(t *testing.T) {
	tool, err := lab.Tool{Name: "eu-elflint"}.Path()
	if err != nil {
		unavailable(t, err)
	}
	each(t, func(t *testing.T, l library) {
		out, err := exec.Command(tool, "--gnu-ld", l.path).CombinedOutput()
		if bytes.Contains(out, []byte("unknown machine type")) {
			t.Skip("this eu-elflint does not know the architecture")
		}
		if err != nil {
			t.Errorf("%s --gnu-ld %s: %v\n%s", tool, l.path, err, out)
		}
	})
}

// readelf reads everything it knows of, and warns about what it does not like.
func TestReadelfUnderstandsEverything(t *testing.T) {
	tool, err := lab.Tool{Name: "readelf"}.Path()
	if err != nil {
		unavailable(t, err)
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

// The same sources in another folder give the same bytes.
func TestRebuildIsIdentical(t *testing.T) {
	tool, err := lab.Tool{Name: "make"}.Path()
	if err != nil {
		unavailable(t, err)
	}
	elsewhere := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "Makefile", "capi", "core", "include"} {
		from := filepath.Join(lab.Repository(), part)
		if out, err := exec.Command("cp", "-R", from, elsewhere).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if out, err := exec.Command(tool, "-C", elsewhere, "all-arch").CombinedOutput(); err != nil {
		t.Fatalf("make all-arch: %v\n%s", err, out)
	}
	each(t, func(t *testing.T, l library) {
		again, err := os.ReadFile(filepath.Join(elsewhere, "build", "linux_"+l.arch, "libmemfd_go.so.1"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, fileBytes(t, l)) {
			t.Errorf("%s differs from the same built in %s", l.path, elsewhere)
		}
	})
}
