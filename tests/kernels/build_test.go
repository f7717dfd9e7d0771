// SPDX-License-Identifier: MIT

package kernels

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"libmemfd_go/internal/testenv"
)

// A once builds something once for each key, for tests that run in parallel.
type once[T any] struct {
	mutex sync.Mutex
	made  map[string]func() (T, error)
}

func (o *once[T]) get(key string, make func() (T, error)) (T, error) {
	o.mutex.Lock()
	if o.made == nil {
		o.made = map[string]func() (T, error){}
	}
	if o.made[key] == nil {
		o.made[key] = sync.OnceValues(make)
	}
	get := o.made[key]
	o.mutex.Unlock()
	return get()
}

// scratch is the folder that all tests build in.
var scratch string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "memfd_go-kernels-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratch = folder
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

var guests once[string]

// guestProgram builds the machine's init.
func guestProgram(t *testing.T, goarch string) string {
	program, err := guests.get(goarch, func() (string, error) {
		program := filepath.Join(scratch, "guest-"+goarch)
		environment := []string{"CGO_ENABLED=0", "GOOS=linux", "GOARM=7", "GOARCH=" + goarch}
		return program, goTool(environment, "build", "-o", program, "./tests/kernels/guest")
	})
	must(t, err)
	return program
}

func goTool(environment []string, arguments ...string) error {
	cmd := exec.Command("go", arguments...)
	cmd.Dir = testenv.Repository()
	cmd.Env = append(os.Environ(), environment...)
	return runQuietly(cmd)
}

func runQuietly(cmd *exec.Cmd) error {
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, output)
	}
	return nil
}

// libraryFinder looks for libraries where the C compiler does, and for ours in build.
func libraryFinder(arch testenv.Arch) func(string) (string, error) {
	return func(name string) (string, error) {
		if name == "libmemfd_go.so.1" {
			product, err := testenv.Product(arch.GOARCH)
			return filepath.Join(product, name), err
		}
		compiler, err := arch.Compiler.Path()
		if err != nil {
			return "", err
		}
		output, err := exec.Command(compiler, "-print-file-name="+name).Output()
		file := strings.TrimSpace(string(output))
		if err != nil || !filepath.IsAbs(file) {
			return "", fmt.Errorf("%s does not find %s: %w", compiler, name, err)
		}
		return file, nil
	}
}
