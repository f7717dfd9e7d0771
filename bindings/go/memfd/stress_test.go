// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

// rounds returns the number of iterations of a stress test: $MEMFD_GO_CALLS, or n.
func rounds(n int) int {
	if calls, err := strconv.Atoi(os.Getenv("MEMFD_GO_CALLS")); err == nil {
		return calls
	}
	if testing.Short() {
		return n / 50
	}
	return n
}

// createAndSeal's last use of the file is a call. If the garbage collector closed the file before
// the call returns, another file could get the descriptor.
func createAndSeal() error {
	f, err := memfd.Create("collected")
	if err != nil {
		return err
	}
	return memfd.AddSeals(f, memfd.Immutable)
}

// openFiles returns the links in /proc/self/fd.
func openFiles() string {
	var files []string
	for _, e := range must(os.ReadDir("/proc/self/fd")) {
		link, _ := os.Readlink("/proc/self/fd/" + e.Name())
		files = append(files, link)
	}
	return strings.Join(files, "\n")
}

func TestFilesAreNotCollectedInUse(t *testing.T) {
	leaks.Check(t)
	const goroutines = 64
	n := rounds(100000) / goroutines
	var all sync.WaitGroup
	for range goroutines {
		all.Go(func() {
			for i := 0; i < n; i++ {
				err := createAndSeal()
				if errors.Is(err, syscall.EMFILE) { // too few files have been collected
					i--
				} else if err != nil {
					t.Errorf("round %d: %v", i, err)
					return
				}
				if err != nil || i%16 == 0 {
					runtime.GC()
				}
			}
		})
	}
	all.Wait()
	for range 1000 { // or the leak check would report files that are not collected yet
		if !strings.Contains(openFiles(), "/memfd:collected") {
			break
		}
		runtime.GC()
	}
}

// atDepth calls f below n stack frames. The last few have another size, for finer steps.
//
//go:noinline
func atDepth(n int, f func()) {
	if n < 8 {
		wideFrames(n, f)
		return
	}
	atDepth(n-8, f)
	sink++
}

//go:noinline
func wideFrames(n int, f func()) {
	var space [16]byte
	if n == 0 {
		f()
		return
	}
	space[n] = sink
	wideFrames(n-1, f)
	sink += space[n]
}

// A goroutine's stack moves when it grows. Wherever in a call that happens, the kernel must get
// the current addresses of variables.
func TestStacksMoveDuringCalls(t *testing.T) {
	leaks.Check(t)
	for _, depth := range depths() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			var text [100]byte // on the stack
			for i := range text {
				text[i] = byte(depth + i)
			}
			var f, copied *os.File
			var info memfd.Info
			var err error
			atDepth(depth, func() { f, err = memfd.Sealed("moving", text[:]) })
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			atDepth(depth, func() { copied, err = memfd.Clone("moving", f, 1000) })
			if err != nil {
				t.Error(err)
				return
			}
			defer copied.Close()
			want(t, "contents", contents(t, copied), string(text[:]))
			atDepth(depth, func() { info, err = memfd.Inspect(copied) })
			want(t, "error", err, nil)
			want(t, "name", info.Name, "moving")
			want(t, "size", info.Size, 100)
			var m *memfd.Mapping
			atDepth(depth, func() { m, err = memfd.MapVerified(copied, 0, 1000) })
			if err != nil {
				t.Error(err)
				return
			}
			want(t, "mapped", string(m.Bytes()), string(text[:]))
			m.Close()
			var b *memfd.SecretBuffer
			atDepth(depth, func() { b, err = memfd.SecretBufferFrom(text[:], unlocked) })
			if err != nil {
				t.Error(err)
				return
			}
			want(t, "secret", b.Bytes()[99], byte(depth+99))
			want(t, "the source", text, [100]byte{})
			b.Close()
		}()
		<-done
	}
}

// depths returns numbers of frames that make the stack grow at different points of a call.
func depths() (all []int) {
	step := 1
	if testing.Short() {
		step = 11
	}
	for depth := 0; depth < 2000; depth += step {
		all = append(all, depth)
	}
	return all
}

// Runs the stress tests with the runtime's own checks, and with freed memory overwritten.
func TestStressWithRuntimeChecks(t *testing.T) {
	leaks.Check(t)
	test := exec.Command(os.Args[0], "-test.run=^(TestStacksMoveDuringCalls|TestFilesAreNotCollectedInUse)$", "-test.short")
	test.Env = append(os.Environ(), "GODEBUG=clobberfree=1,gccheckmark=1,invalidptr=1", "GOGC=1", "MEMFD_GO_CALLS=")
	output, err := test.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulated program cannot start another")
	}
	want(t, string(output), err, nil)
}
