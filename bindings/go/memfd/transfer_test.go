// SPDX-License-Identifier: MIT

//go:build linux

package memfd_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"libmemfd_go/bindings/go/memfd"
	"libmemfd_go/internal/leaks"
)

// newPair returns two connected sockets of a type such as unix.SOCK_STREAM.
func newPair(t *testing.T, kind int) (a, b *net.UnixConn) {
	t.Helper()
	fds := must(unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0))
	conn := func(fd int) *net.UnixConn {
		f := os.NewFile(uintptr(fd), "socket")
		defer f.Close()
		return closeLater(t, must(net.FileConn(f)).(*net.UnixConn))
	}
	return conn(fds[0]), conn(fds[1])
}

var kinds = map[string]int{"stream": unix.SOCK_STREAM, "packets": unix.SOCK_SEQPACKET, "datagrams": unix.SOCK_DGRAM}

func eachKind(t *testing.T, f func(t *testing.T, kind int)) {
	for name, kind := range kinds {
		t.Run(name, func(t *testing.T) { f(t, kind) })
	}
}

// names closes files and returns their names as the kernel knows them.
func names(t *testing.T, files []*os.File) string {
	t.Helper()
	var all []string
	for _, f := range files {
		want(t, "close-on-exec", closesOnExec(t, f), true)
		all = append(all, must(memfd.Inspect(f)).Name)
		f.Close()
	}
	return strings.Join(all, " ")
}

func TestSendAndReceive(t *testing.T) {
	leaks.Check(t)
	eachKind(t, func(t *testing.T, kind int) {
		a, b := newPair(t, kind)
		one, two := closeLater(t, must(memfd.Create("one"))), closeLater(t, must(memfd.Create("two")))
		for _, c := range []struct {
			data  string
			files []*os.File
			names string
		}{
			{"hello", []*os.File{one, two}, "one two"},
			{"you", []*os.File{one}, "one"},
			{"", []*os.File{two}, "two"},
			{"plain", nil, ""},
		} {
			want(t, "sent", must(memfd.Send(a, []byte(c.data), c.files...)), len(c.data))
			data := make([]byte, 10)
			if c.data == "" {
				data = nil
			}
			n, files, err := memfd.Receive(b, data, memfd.MaxFiles)
			if err != nil {
				t.Fatal(err)
			}
			want(t, "data", string(data[:n]), c.data)
			want(t, "files", names(t, files), c.names)
		}
	})
}

// Package net treats dialed connections, which have an address, differently from socket pairs.
func TestSendOverDialedConnection(t *testing.T) {
	leaks.Check(t)
	for _, network := range []string{"unix", "unixpacket", "unixgram"} {
		address := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "socket"), Net: network}
		var receiver *net.UnixConn
		var sender *net.UnixConn
		if network == "unixgram" {
			receiver = closeLater(t, must(net.ListenUnixgram(network, address)))
			sender = closeLater(t, must(net.DialUnix(network, nil, address)))
		} else {
			listener := closeLater(t, must(net.ListenUnix(network, address)))
			sender = closeLater(t, must(net.DialUnix(network, nil, address)))
			receiver = closeLater(t, must(listener.AcceptUnix()))
		}
		want(t, network, must(memfd.Send(sender, []byte("hello"), sealed(t, ""))), 5)
		data := make([]byte, 10)
		n, files, err := memfd.Receive(receiver, data, 1)
		if err != nil {
			t.Fatal(network, err)
		}
		want(t, network, string(data[:n]), "hello")
		want(t, network, names(t, files), "test")
	}
}

// Send waits for the reader if data is longer than the socket's buffer.
func TestSendMoreThanTheBuffer(t *testing.T) {
	leaks.Check(t)
	a, b := newPair(t, unix.SOCK_STREAM)
	text := strings.Repeat("memfd_go", 1<<17)
	done := make(chan error)
	go func() {
		n, err := memfd.Send(a, []byte(text), sealed(t, ""))
		want(t, "sent", n, len(text))
		a.CloseWrite()
		done <- err
	}()
	data := make([]byte, 100)
	n, files, err := memfd.Receive(b, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "files", names(t, files), "test")
	rest := must(io.ReadAll(b))
	want(t, "received all data", string(data[:n])+string(rest) == text, true)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What several goroutines send over a stream is not interleaved.
func TestSendAtTheSameTime(t *testing.T) {
	leaks.Check(t)
	a, b := newPair(t, unix.SOCK_STREAM)
	const size = 6000
	a.SetWriteBuffer(1) // the smallest
	var senders sync.WaitGroup
	for letter := byte('a'); letter <= 'z'; letter++ {
		senders.Go(func() {
			text := bytes.Repeat([]byte{letter}, size)
			for i := range 500 {
				time.Sleep(time.Duration(i*int(letter)%97) * time.Microsecond)
				n, err := memfd.Send(a, text)
				want(t, "error", err, nil)
				want(t, "sent", n, size)
			}
		})
	}
	go func() { senders.Wait(); a.CloseWrite() }()
	interleaved := 0
	for all := must(io.ReadAll(b)); len(all) > 0; all = all[size:] {
		if bytes.Count(all[:size], all[:1]) != size {
			interleaved++
		}
	}
	want(t, "interleaved", interleaved, 0)
}

func TestSendErrors(t *testing.T) {
	leaks.Check(t)
	a, b := newPair(t, unix.SOCK_STREAM)
	f := sealed(t, "")
	closed := must(memfd.Create("closed"))
	closed.Close()
	_, err := memfd.Send(a, nil, f, closed)
	wantPathError(t, "a closed file", err, "send", "memfd:closed", fs.ErrClosed)
	_, err = memfd.Send(a, nil, f, nil)
	wantError(t, "a nil file", err, fs.ErrInvalid)
	_, err = memfd.Send(a, nil, make([]*os.File, memfd.MaxFiles+1)...)
	wantError(t, "too many files", err, syscall.EINVAL)
	b.Close()
	_, err = memfd.Send(a, []byte("x"), f)
	var e *os.SyscallError
	want(t, "EPIPE after the peer closed", errors.As(err, &e) && *e == os.SyscallError{Syscall: "sendmsg", Err: syscall.EPIPE}, true)
	a.Close()
	_, err = memfd.Send(a, []byte("x"), f)
	wantError(t, "a closed connection", err, net.ErrClosed)
}

func TestReceiveEOF(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		a, b := newPair(t, kind)
		a.CloseWrite()
		for _, data := range [][]byte{nil, make([]byte, 10)} {
			n, files, err := memfd.Receive(b, data, 1)
			want(t, "error", err, io.EOF)
			want(t, "data", n, 0)
			want(t, "files", len(files), 0)
		}
		_, err := memfd.ReceiveVerified(b, 0, 1)
		want(t, "error", err, io.EOF)
	}
}

// Data of a stream that does not fit stays in the socket.
func TestReceivePartOfAStream(t *testing.T) {
	leaks.Check(t)
	a, b := newPair(t, unix.SOCK_STREAM)
	must(memfd.Send(a, []byte("hello"), sealed(t, "")))
	data := make([]byte, 2)
	n, files, err := memfd.Receive(b, data, 1)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "part", string(data[:n])+" "+names(t, files), "he test")
	rest := make([]byte, 10)
	want(t, "rest", string(rest[:must(b.Read(rest))]), "llo")
}

// The leak check tests that all files of a refused message are closed.
func TestReceiveTooMany(t *testing.T) {
	leaks.Check(t)
	f := sealed(t, "")
	eachKind(t, func(t *testing.T, kind int) {
		a, b := newPair(t, kind)
		must(memfd.Send(a, []byte("xyz"), f, f, f))
		data := make([]byte, 10)
		n, _, err := memfd.Receive(b, data, 2)
		wantError(t, "more files than maxFiles", err, syscall.EMSGSIZE)
		want(t, "data of the refused message", string(data[:n]), "xyz")
		must(memfd.Send(a, []byte("x"), f))
		_, _, err = memfd.Receive(b, data, 0)
		wantError(t, "a file with maxFiles 0", err, syscall.EMSGSIZE)
		if kind != unix.SOCK_STREAM {
			must(memfd.Send(a, []byte("xyz"), f))
			n, _, err = memfd.Receive(b, data[:2], 1)
			wantError(t, "a datagram longer than data", err, syscall.EMSGSIZE)
			want(t, "the part that fits", string(data[:n]), "xy")
		}
		must(memfd.Send(a, []byte("next")))
		n, _, err = memfd.Receive(b, data, 1)
		want(t, "the next message", string(data[:n]), "next")
		want(t, "its error", err, nil)
	})
}

// 253 is the kernel's limit for one message (SCM_MAX_FD).
func TestReceive253Files(t *testing.T) {
	leaks.Check(t)
	if emulated() {
		t.Skip("the emulator leaks descriptors when it truncates a message")
	}
	a, b := newPair(t, unix.SOCK_STREAM)
	fd := descriptor(t, sealed(t, ""))
	for range 2 {
		fds := slices.Repeat([]int{fd}, 253)
		_, _, err := a.WriteMsgUnix([]byte("x"), unix.UnixRights(fds...), nil)
		want(t, "sending", err, nil)
	}
	_, _, err := memfd.Receive(b, nil, memfd.MaxFiles)
	wantError(t, "Receive", err, syscall.EMSGSIZE)
	_, err = memfd.ReceiveVerified(b, 0, 1)
	wantError(t, "ReceiveVerified", err, syscall.EMSGSIZE)
}

// emulated reports whether this is qemu-user, which does not implement PR_GET_SECCOMP.
func emulated() bool {
	_, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err != nil
}

// The kernel drops files for which the process has no descriptor left.
func TestReceiveAtDescriptorLimit(t *testing.T) {
	leaks.Check(t)
	a, b := newPair(t, unix.SOCK_STREAM)
	f := sealed(t, "")
	must(memfd.Send(a, []byte("x"), f, f))
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		_, _, err := memfd.Receive(b, nil, 2)
		wantError(t, "RLIMIT_NOFILE reached", err, syscall.EMSGSIZE)
	})
}

// These options add control messages in front of the files.
func TestReceiveWithSocketOptions(t *testing.T) {
	leaks.Check(t)
	eachKind(t, func(t *testing.T, kind int) {
		a, b := newPair(t, kind)
		must(b.SyscallConn()).Control(func(fd uintptr) {
			for _, option := range []int{unix.SO_PASSCRED, unix.SO_PASSSEC, unix.SO_PASSPIDFD, unix.SO_TIMESTAMPNS} {
				unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, 1) // some kernels lack some of them
			}
		})
		must(memfd.Send(a, []byte("x"), slices.Repeat([]*os.File{sealed(t, "")}, memfd.MaxFiles)...))
		data := make([]byte, 10)
		n, files, err := memfd.Receive(b, data, memfd.MaxFiles)
		want(t, "error", err, nil)
		want(t, "data", string(data[:n]), "x")
		want(t, "files", names(t, files), strings.Repeat("test ", memfd.MaxFiles-1)+"test")
	})
}

func TestReceiveErrors(t *testing.T) {
	leaks.Check(t)
	_, b := newPair(t, unix.SOCK_STREAM)
	_, _, err := memfd.Receive(b, nil, -1)
	wantError(t, "a negative maxFiles", err, syscall.EINVAL)
	b.Close()
	_, _, err = memfd.Receive(b, nil, 1)
	wantError(t, "a closed connection", err, net.ErrClosed)
}

func TestDeadlines(t *testing.T) {
	leaks.Check(t)
	eachKind(t, func(t *testing.T, kind int) {
		a, b := newPair(t, kind)
		start := time.Now()
		b.SetReadDeadline(start.Add(50 * time.Millisecond))
		_, _, err := memfd.Receive(b, nil, 1)
		wantError(t, "Receive", err, os.ErrDeadlineExceeded)
		_, err = memfd.ReceiveVerified(b, 0, 1)
		wantError(t, "ReceiveVerified", err, os.ErrDeadlineExceeded)
		if waited := time.Since(start); waited < 50*time.Millisecond || waited > 10*time.Second {
			t.Errorf("waited %v, want 50 ms to 10 s", waited)
		}
		a.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
		for err = nil; err == nil; {
			_, err = memfd.Send(a, make([]byte, 4096))
		}
		wantError(t, "Send", err, os.ErrDeadlineExceeded)
	})
}

func TestReceiveVerified(t *testing.T) {
	leaks.Check(t)
	eachKind(t, func(t *testing.T, kind int) {
		a, b := newPair(t, kind)
		must(memfd.Send(a, nil, sealed(t, "hello")))
		f := closeLater(t, must(memfd.ReceiveVerified(b, memfd.Immutable, 5)))
		want(t, "close-on-exec", closesOnExec(t, f), true)
		m := closeLater(t, must(memfd.MapVerified(f, memfd.Immutable, 5)))
		want(t, "contents", string(m.Bytes()), "hello")

		for _, c := range []struct {
			what  string
			files []*os.File
			err   error
		}{
			{"no file in the message", nil, syscall.EPROTO},
			{"two files", []*os.File{f, f}, syscall.EMSGSIZE},
			{"not sealed", []*os.File{create(t, nil)}, syscall.EKEYREJECTED},
			{"too long", []*os.File{sealed(t, "longer")}, syscall.EFBIG},
			{"empty", []*os.File{sealed(t, "")}, syscall.ENODATA},
			{"a write-only file", []*os.File{closeLater(t, must(memfd.Reopen(f, os.O_WRONLY)))}, syscall.EACCES},
		} {
			must(memfd.Send(a, []byte("x"), c.files...))
			_, err := memfd.ReceiveVerified(b, memfd.Immutable, 5)
			wantError(t, c.what, err, c.err)
		}
	})
}

// Receive waits in the network poller. If it blocked the only processor, this test would never
// send the message.
func TestReceiveReleasesTheProcessor(t *testing.T) {
	leaks.Check(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	a, b := newPair(t, unix.SOCK_STREAM)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		n, files, err := memfd.Receive(b, make([]byte, 10), 1)
		want(t, "data", n, 1)
		want(t, "files", names(t, files), "test")
		want(t, "error", err, nil)
	})
	time.Sleep(10 * time.Millisecond) // let Receive block
	notBlocked(t)
	must(memfd.Send(a, []byte("x"), sealed(t, "")))
	waiting.Wait()
}

// notBlocked fails the test if this goroutine or the garbage collector is blocked.
func notBlocked(t *testing.T) {
	t.Helper()
	start := time.Now()
	time.Sleep(10 * time.Millisecond)
	runtime.GC()
	if held := time.Since(start); held > 10*time.Second { // a loaded host needs some time
		t.Errorf("a sleep of 10 ms and a garbage collection took %v", held)
	}
}

func TestCloseWhileInUse(t *testing.T) {
	leaks.Check(t)
	for range rounds(2000) / 10 {
		a, b := newPair(t, unix.SOCK_STREAM)
		f := must(memfd.Sealed("test", []byte("hello")))
		var all sync.WaitGroup
		for _, use := range []func() error{
			func() error { _, err := memfd.Send(a, []byte("x"), f); return err },
			func() error {
				f, err := memfd.ReceiveVerified(b, 0, 5)
				if err == nil {
					err = f.Close()
				}
				return err
			},
			func() error { _, err := memfd.GetSeals(f); return err },
			func() error { return memfd.CheckSeals(f, memfd.Immutable) },
			func() error {
				m, err := memfd.MapVerified(f, 0, 5)
				if err == nil {
					err = m.Close()
				}
				return err
			},
			f.Close,
			a.Close,
		} {
			all.Go(func() {
				err := use()
				if err != nil && !errors.Is(err, fs.ErrClosed) && !errors.Is(err, net.ErrClosed) && err != io.EOF {
					t.Error(err)
				}
			})
		}
		all.Wait()
		b.Close()
	}
}
