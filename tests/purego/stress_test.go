// SPDX-License-Identifier: MIT

package purego_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"libmemfd_go/internal/leaks"
)

const (
	goroutines     = 8
	callsOfSession = 50 // of the library, more or less
)

// rounds is the number of sessions of each goroutine, for $MEMFD_GO_CALLS calls of the library in
// total.
func rounds() int {
	calls, err := strconv.Atoi(os.Getenv("MEMFD_GO_CALLS"))
	if err != nil && testing.Short() { // as where the processor is emulated
		return 20
	}
	if err != nil {
		return 200
	}
	return calls/goroutines/callsOfSession + 1
}

// Go's runtime preempts threads by signals and moves stacks, at any time during a call of the
// library.
func TestStress(t *testing.T) {
	leaks.Check(t)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	done := make(chan struct{})
	collecting := make(chan struct{})
	go func() {
		defer close(collecting)
		for {
			select {
			case <-done:
				return
			default:
				runtime.GC()
			}
		}
	}()
	var sessions sync.WaitGroup
	for g := range goroutines {
		sessions.Add(1)
		go func() {
			defer sessions.Done()
			for round := range rounds() {
				text := fmt.Sprintf("goroutine %d, round %d", g, round)
				if err := deep(round%200, [1024]byte{}, func() error { return lib.session(text) }); err != nil {
					t.Errorf("%s: %v", text, err)
					return
				}
			}
		}()
	}
	sessions.Wait()
	close(done)
	<-collecting
}

// deep calls f on a stack that grows for it, so that the next garbage collection shrinks the stack.
func deep(depth int, padding [1024]byte, f func() error) error {
	if depth == 0 {
		return f()
	}
	return deep(depth-1, padding, f)
}

// Runs TestStress with the runtime's own checks, and with freed memory overwritten.
func TestStressWithRuntimeChecks(t *testing.T) {
	leaks.Check(t)
	test := exec.Command(os.Args[0], "-test.run=^TestStress$", "-test.count=1", "-test.timeout=0")
	test.Env = append(os.Environ(), "GODEBUG=clobberfree=1,gccheckmark=1,invalidptr=1,cgocheck=1", "GOGC=1")
	if os.Getenv("MEMFD_GO_CALLS") == "" {
		test.Env = append(test.Env, "MEMFD_GO_CALLS=20000")
	}
	out, err := test.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulated program cannot start another")
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
