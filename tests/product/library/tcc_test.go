// SPDX-License-Identifier: MIT

package library

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"libmemfd_go/internal/testenv"
)

// tcc adds the old contents of a relocated field to the addend, so they must be 0.
func TestLinkedByTCC(t *testing.T) {
	compiler, err := exec.LookPath("tcc")
	if err != nil {
		testenv.Unavailable(t, err)
	}
	product, err := testenv.Product(runtime.GOARCH)
	if err != nil {
		t.Skip(err)
	}
	for _, name := range []string{"version", "every_function", "seals", "map", "secret_alloc", "recv_fds"} {
		t.Run(name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), name)
			compile := exec.Command(compiler, "-D_GNU_SOURCE", "-Iinclude", "-o", program, "tests/c/"+name+".c",
				filepath.Join(product, "libmemfd_go.a"))
			compile.Dir = testenv.Repository()
			if out, err := compile.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", compile, err, out)
			}
			if out, err := exec.Command(program).CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", program, err, out)
			}
		})
	}
}
