package purego_test

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
)

const goroutines = 8

// Go preempts threads by signals and moves stacks; neither may notice that they are
// inside the library, nor the library them.
func TestStress(t *testing.T) {
	leaksNothing(t)
	rounds := 200
	if testing.Short() { // as where the processor is emulated
		rounds = 20
	}
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
			for round := range rounds {
				text := fmt.Sprintf("goroutine %d, round %d", g, round)
				if err := deep(round, [1024]byte{}, func() error { return lib.session(text) }); err != nil {
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

// deep calls f on a stack that had to grow for it, so that the next collection
// shrinks it.
func deep(depth int, padding [1024]byte, f func() error) error {
	if depth == 0 {
		return f()
	}
	return deep(depth-1, padding, f)
}
