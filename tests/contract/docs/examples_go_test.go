// SPDX-License-Identifier: MIT

package docs

import (
	"testing"

	"libmemfd_go/internal/testenv"
)

// sealsAtOnce seals files that become unreachable during the call, while the garbage collector
// runs.
const sealsAtOnce = `package main

import (
	"fmt"
	"runtime"
	"sync"

	"libmemfd_go/examples/go/memfd"
)

func seal() error {
	file, err := memfd.Create("x")
	if err != nil {
		return err
	}
	return memfd.AddSeals(file, memfd.Immutable)
}

func main() {
	if err := memfd.Load(); err != nil {
		panic(err)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := range 6000 {
				if err := seal(); err != nil {
					fmt.Println(err)
				}
				if i%16 == 0 {
					runtime.GC()
				}
			}
		})
	}
	wg.Wait()
}
`

// The garbage collector does not close a file during a call, which would free its descriptor for
// another file.
func TestGoFileStaysOpenDuringACall(t *testing.T) {
	requireLibrary(t)
	if output := runGo(t, sealsAtOnce); output != "" {
		t.Errorf("sealing failed:\n%s", output)
	}
}

// wrongUse makes calls that must fail, one of them with a NUL inside the name.
const wrongUse = `package main

import (
	"fmt"
	"math"
	"os"

	"libmemfd_go/examples/go/memfd"
)

func main() {
	os.Setenv("MEMFD_GO_LIBRARY", "/dev/null")
	fmt.Println("load:", memfd.Load() != nil)
	os.Setenv("MEMFD_GO_LIBRARY", os.Args[1])
	if err := memfd.Load(); err != nil {
		panic(err)
	}
	_, err := memfd.Create("a\x00b")
	fmt.Println("name:", memfd.ErrName(err))
	file, err := memfd.Create("a")
	if err != nil {
		panic(err)
	}
	_, err = memfd.Map(file, math.MaxUint64, false)
	fmt.Println("length:", memfd.ErrName(err))
	file.Close()
	fmt.Println("closed:", memfd.AddSeals(file, memfd.Immutable))
	fmt.Println("nil:", memfd.SetSize(nil, 1))
}
`

func TestGoExampleRefuses(t *testing.T) {
	requireLibrary(t)
	program := writeFile(t, t.TempDir(), "main.go", wrongUse)
	got := run(t, testenv.RequireTool(t, "go"), "run", program, absolute(t, libraryDir())+"/libmemfd_go.so.1")
	const want = `load: true
name: EINVAL
length: EOVERFLOW
closed: use of closed file
nil: invalid argument
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
