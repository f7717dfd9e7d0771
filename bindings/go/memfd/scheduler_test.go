// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/core"
	"libmemfd_go/internal/leaks"
)

func init() {
	tasks["wait"] = waitInCore
	tasks["blocking socket"] = useBlockingSocket
	tasks["slow close"] = closeSlowly
}

// waitInCore blocks one goroutine in core, in a read of a pipe, and measures how long another
// takes to sleep and to collect garbage.
func waitInCore() error {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	cloned := make(chan int)
	go func() {
		name := []byte("stream\x00")
		cloned <- core.CloneStream(unsafe.SliceData(name), unix.MFD_CLOEXEC, 0, int32(ends[0]), 100)
	}()
	runtime.Gosched() // let the goroutine block
	start := time.Now()
	time.Sleep(10 * time.Millisecond)
	runtime.GC()
	held := time.Since(start)
	unix.Close(ends[1])
	if r := <-cloned; r < 0 {
		return syscall.Errno(-r)
	}
	if held > 10*time.Second { // a loaded host needs some time
		return fmt.Errorf("a sleep of 10 ms and a garbage collection took %v", held)
	}
	return nil
}

// useBlockingSocket waits at a socket that another process made blocking.
func useBlockingSocket() error {
	fds := must(unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	f := os.NewFile(uintptr(fds[0]), "socket")
	defer f.Close()
	conn := must(net.FileConn(f)).(*net.UnixConn)
	if err := unix.SetNonblock(fds[0], false); err != nil {
		return err
	}
	conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
	_, _, received := memfd.Receive(conn, nil, 1)
	var sent error
	for sent == nil {
		_, sent = memfd.Send(conn, make([]byte, 4096))
	}
	if !errors.Is(received, os.ErrDeadlineExceeded) || !errors.Is(sent, os.ErrDeadlineExceeded) {
		return fmt.Errorf("Receive: %v, Send: %v", received, sent)
	}
	return nil
}

// closeSlowly receives too many files. Closing one of them, a connection with unsent data, takes 30 s.
func closeSlowly() error {
	listener := must(net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	tcp := must(net.DialTCP("tcp4", nil, listener.Addr().(*net.TCPAddr)))
	tcp.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	for err := error(nil); err == nil; {
		_, err = tcp.Write(make([]byte, 1<<16))
	}
	tcp.SetLinger(30)
	f := must(tcp.File()) // makes it blocking
	fds := must(unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	a := must(net.FileConn(os.NewFile(uintptr(fds[0]), "a"))).(*net.UnixConn)
	b := must(net.FileConn(os.NewFile(uintptr(fds[1]), "b"))).(*net.UnixConn)
	must(memfd.Send(a, nil, f, f))
	f.Close()
	tcp.Close()
	go memfd.Receive(b, nil, 1)
	start := time.Now()
	for time.Since(start) < 100*time.Millisecond {
		time.Sleep(10 * time.Millisecond)
		runtime.GC()
	}
	if held := time.Since(start); held > 10*time.Second {
		return fmt.Errorf("sleeping and collecting garbage took %v", held)
	}
	return nil
}

// With GOMAXPROCS=1, a system call that the scheduler does not know of would block the goroutine
// that ends the wait.
func TestBlockingCallsReleaseTheProcessor(t *testing.T) {
	leaks.Check(t)
	for _, task := range []string{"wait", "blocking socket", "slow close"} {
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		child := exec.CommandContext(ctx, os.Args[0])
		child.Env = append(os.Environ(), "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1", childTask+"="+task) // signals would end some waits
		output, err := child.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			t.Skip("an emulated program cannot start another")
		}
		want(t, task+": "+string(output), err, nil)
	}
}
