//go:build linux

package memfd_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
)

func init() {
	tasks["open a FIFO"] = openFIFO
}

// openFIFO waits in the kernel until somebody writes to a FIFO, while it sleeps and collects on
// the same processor.
func openFIFO() error {
	path := os.Getenv("MEMFD_GO_TEST_FILE")
	fd := must(unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0))
	fifo := os.NewFile(uintptr(fd), path)
	opened := make(chan error)
	go func() {
		f, err := memfd.Reopen(fifo, os.O_RDONLY)
		f.Close()
		opened <- err
	}()
	runtime.Gosched() // now it waits
	start := time.Now()
	time.Sleep(10 * time.Millisecond)
	runtime.GC()
	held := time.Since(start)
	must(os.OpenFile(path, os.O_WRONLY, 0)).Close()
	if err := <-opened; err != nil {
		return err
	}
	if held > 250*time.Millisecond {
		return fmt.Errorf("a sleep of 10 ms and a collection took %v", held)
	}
	return nil
}

// A system call that waits does not stop the other goroutines, nor the collector. If it did, the
// program would wait for ever for the goroutine that ends the wait.
func TestWaitingTellsTheScheduler(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), "GOMAXPROCS=1", childTask+"=open a FIFO", "MEMFD_GO_TEST_FILE="+path)
	output, err := child.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("an emulated program cannot start another")
	}
	want(t, string(output), err, nil)
}
