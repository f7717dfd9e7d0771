// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// received is the result of recv_fds. The descriptors are closed.
type received struct {
	Result string
	Files  []string // their names
	Text   string
}

func receive(t *testing.T, sock int32, room int, space int) received {
	t.Helper()
	fds := make([]int32, max(room, 1))
	text := make([]byte, space+1)
	n, length := uint32(room), uintptr(space)
	r := lib.RecvFds(sock, 0, &fds[0], &n, unsafe.Pointer(&text[0]), &length)
	if r < 0 {
		same(t, "room after an error", uint32(room), n)
		if outcome(r) != "EMSGSIZE" && outcome(r) != "EPIPE" { // then a message was taken
			same(t, "space after an error", uintptr(space), length)
		}
		return received{Result: outcome(r)}
	}
	got := received{Result: "ok", Text: string(text[:length])}
	for _, fd := range fds[:n] {
		got.Files = append(got.Files, inspect(t, fd).Name)
		closesOnExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
		unix.Close(int(fd))
	}
	return got
}

func TestRecvFds(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET, unix.SOCK_DGRAM} {

		pair := newPair(t, kind)
		file := newFile(t, 0)
		send(pair[0], file, 2, "hello")
		send(pair[0], file, 1, "you")
		send(pair[0], file, 1, "")
		same(t, "first", received{Result: "ok", Files: []string{"purego", "purego"}, Text: "hello"}, receive(t, pair[1], fdsMax, 10))
		same(t, "second", received{Result: "ok", Files: []string{"purego"}, Text: "you"}, receive(t, pair[1], 1, 3))
		same(t, "third", received{Result: "ok", Files: []string{"purego"}}, receive(t, pair[1], 1, 0))
		same(t, "nothing more", received{Result: "EAGAIN"}, receive(t, pair[1], 1, 10))
	}
}

// Data of a stream that does not fit stays in the socket.
func TestRecvFdsPartOfAStream(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	send(pair[0], newFile(t, 0), 1, "hello")
	same(t, "part", received{Result: "ok", Files: []string{"purego"}, Text: "he"}, receive(t, pair[1], 1, 2))
	rest := make([]byte, 10)
	n, err := unix.Read(int(pair[1]), rest)
	same(t, "error", nil, err)
	same(t, "rest", "llo", string(rest[:max(n, 0)]))
}

func TestRecvFdsEndOfStream(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		pair := newPair(t, kind)
		unix.Shutdown(int(pair[0]), unix.SHUT_WR)
		same(t, "end", received{Result: "EPIPE"}, receive(t, pair[1], 1, 10))
		n := uint32(1)
		var fd int32
		check(t, []row{{"end without data", lib.RecvFds(pair[1], 0, &fd, &n, nil, nil), "EPIPE"}})
	}
}

func TestRecvFdsRefuses(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_SEQPACKET)
	file := newFile(t, 0)
	for _, c := range []struct {
		what        string
		send        func()
		room, space int
		want        string
	}{
		{"more descriptors than room", func() { send(pair[0], file, 3, "x") }, 2, 10, "EMSGSIZE"},
		{"many more", func() { sendRights(t, pair[0], file, 32) }, 1, 10, "EMSGSIZE"},
		{"more bytes than space", func() { send(pair[0], file, 1, "xyz") }, 1, 2, "EMSGSIZE"},
	} {
		c.send()
		same(t, c.what, received{Result: c.want}, receive(t, pair[1], c.room, c.space))
		same(t, "afterwards", received{Result: "EAGAIN"}, receive(t, pair[1], 1, 10))
	}
}

// 253 is the kernel's limit for one message (SCM_MAX_FD).
func TestRecv253Descriptors(t *testing.T) {
	leaks.Check(t)
	if emulated() {
		t.Skip("the emulator leaks descriptors when it truncates a message")
	}
	pair, file := newPair(t, unix.SOCK_STREAM), newFile(t, 0)
	for _, room := range []int{1, fdsMax} {
		sendRights(t, pair[0], file, 253)
		same(t, "recv_fds", received{Result: "EMSGSIZE"}, receive(t, pair[1], room, 10))
	}
	sendRights(t, pair[0], file, 253)
	check(t, []row{{"recv_verified", closed(lib.RecvVerified(pair[1], 0, 5, 0, nil, nil)), "EMSGSIZE"}})
}

// emulated reports whether this is qemu-user, which does not implement PR_GET_SECCOMP.
func emulated() bool {
	_, err := unix.PrctlRetInt(unix.PR_GET_SECCOMP, 0, 0, 0, 0)
	return err != nil
}

// sendRights sends n descriptors, which may be more than the library sends.
func sendRights(t *testing.T, sock, fd int32, n int) {
	t.Helper()
	fds := make([]int, n)
	for i := range fds {
		fds[i] = int(fd)
	}
	var control []byte
	if n > 0 {
		control = unix.UnixRights(fds...)
	}
	if err := unix.Sendmsg(int(sock), []byte("x"), control, nil, 0); err != nil {
		t.Fatal(err)
	}
}

// The kernel drops descriptors above RLIMIT_NOFILE.
func TestRecvFdsAtDescriptorLimit(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	send(pair[0], newFile(t, 0), 2, "x")
	withLimit(t, unix.RLIMIT_NOFILE, 0, func() {
		same(t, "RLIMIT_NOFILE reached", received{Result: "EMSGSIZE"}, receive(t, pair[1], 2, 10))
	})
}

func TestRecvFdsErrors(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	file := newFile(t, 0)
	send(pair[0], file, 1, "x") // which none of this takes
	fd, n, length, text := int32(-7), uint32(1), uintptr(1), [1]byte{}
	data := unsafe.Pointer(&text)
	check(t, []row{
		{"bad descriptor as socket", lib.RecvFds(-1, 0, &fd, &n, data, &length), "EBADF"},
		{"a file", lib.RecvFds(file, 0, &fd, &n, data, &length), "ENOTSOCK"},
		{"unknown options", lib.RecvFds(pair[1], 1, &fd, &n, data, &length), "EINVAL"},
		{"null list of descriptors", lib.RecvFds(pair[1], 0, nil, &n, data, &length), "EFAULT"},
		{"null number", lib.RecvFds(pair[1], 0, &fd, nil, data, &length), "EFAULT"},
		{"null data", lib.RecvFds(pair[1], 0, &fd, &n, nil, &length), "EFAULT"},
		{"no length", lib.RecvFds(pair[1], 0, &fd, &n, data, nil), "EFAULT"},
	})
	same(t, "descriptor after errors", -7, fd)
	same(t, "the message", received{Result: "ok", Files: []string{"purego"}, Text: "x"}, receive(t, pair[1], 1, 1))
}
