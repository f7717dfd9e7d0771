//go:build linux

package memfd_test

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"libmemfd_go/bindings/go/memfd"
)

// rounds is how often the stress tests do what they do, in all. $MEMFD_GO_CALLS is another
// number.
func rounds(n int) int {
	if calls, err := strconv.Atoi(os.Getenv("MEMFD_GO_CALLS")); err == nil {
		return calls
	}
	if testing.Short() {
		return n / 50
	}
	return n
}

// createAndSeal uses a file for the last time in the call that seals it. The collector may
// close the file then, but not before the kernel is done: the descriptor could be
// somebody else's by that time.
func createAndSeal() error {
	f, err := memfd.Create("collected")
	if err != nil {
		return err
	}
	return memfd.AddSeals(f, memfd.Immutable)
}

func TestFilesAreNotCollectedInUse(t *testing.T) {
	const goroutines = 64
	n := rounds(100000) / goroutines
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := range n {
				if err := createAndSeal(); err != nil {
					t.Errorf("round %d: %v", i, err)
					return
				}
				if i%16 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
	for range 3 { // so that no collected file is taken for one left behind
		runtime.GC()
	}
}
