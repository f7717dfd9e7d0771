// SPDX-License-Identifier: MIT

package purego_test

import (
	"strings"
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

// newPair returns two connected sockets that do not block.
func newPair(t *testing.T, kind int) [2]int32 {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, kind|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	return [2]int32{closeLater(t, int32(pair[0])), closeLater(t, int32(pair[1]))}
}

// send sends one descriptor n times.
func send(sock, fd int32, n int, text string) int32 {
	fds := make([]int32, max(n, 1))
	for i := range fds {
		fds[i] = fd
	}
	return lib.SendFds(sock, 0, &fds[0], uint32(n), unsafe.Pointer(unsafe.StringData(text)), uintptr(len(text)))
}

func TestSendFds(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET, unix.SOCK_DGRAM} {
		for _, n := range []int{1, 2, fdsMax} {
			pair := newPair(t, kind)
			same(t, "bytes", 5, send(pair[0], newFile(t, 0), n, "hello"))
			text, control := make([]byte, 10), make([]byte, unix.CmsgSpace(4*fdsMax))
			length, controlLength, flags, _, err := unix.Recvmsg(int(pair[1]), text, control, 0)
			if err != nil {
				t.Fatal(err)
			}
			messages, err := unix.ParseSocketControlMessage(control[:controlLength])
			if err != nil || len(messages) != 1 {
				t.Fatal(messages, err)
			}
			fds, err := unix.ParseUnixRights(&messages[0])
			same(t, "error", nil, err)
			same(t, "flags", 0, flags)
			same(t, "descriptors", n, len(fds))
			same(t, "text", "hello", string(text[:length]))
			for _, fd := range fds {
				same(t, "what was sent", "purego", inspect(t, int32(fd)).Name)
				unix.Close(fd)
			}
		}
	}
}

// Without data a zero byte is sent, which does not count.
func TestSendFdsWithoutData(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	same(t, "bytes", 0, send(pair[0], pair[0], 1, ""))
	text := make([]byte, 10)
	n, err := unix.Read(int(pair[1]), text)
	same(t, "error", nil, err)
	same(t, "text", "\x00", string(text[:max(n, 0)]))
}

func TestSendFdsToAFullSocket(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	text := strings.Repeat("x", 10<<20)
	sent := send(pair[0], pair[0], 1, text)
	if sent <= 0 || int(sent) >= len(text) {
		t.Errorf("sent %d of %d bytes", sent, len(text))
	}
	same(t, "once more", "EAGAIN", outcome(send(pair[0], pair[0], 1, text)))
}

func TestSendFdsErrors(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	datagrams := newPair(t, unix.SOCK_DGRAM)
	file := newFile(t, 0)
	alone, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(alone)
	closedPair := newPair(t, unix.SOCK_STREAM)
	unix.Shutdown(int(closedPair[0]), unix.SHUT_RDWR)
	check(t, []row{
		{"too many", send(pair[0], file, fdsMax+1, "x"), "EINVAL"},
		{"bad descriptor as socket", send(-1, file, 1, "x"), "EBADF"},
		{"a file", send(file, file, 1, "x"), "ENOTSOCK"},
		{"bad descriptor", send(pair[0], -1, 1, "x"), "EBADF"},
		{"not connected", send(int32(alone), file, 1, "x"), "ENOTCONN"},
		{"closed", send(closedPair[0], file, 1, "x"), "EPIPE"}, // and no SIGPIPE
		{"long datagram", send(datagrams[0], file, 1, strings.Repeat("x", 10<<20)), "EMSGSIZE"},
		{"null list of descriptors", lib.SendFds(pair[0], 0, nil, 1, nil, 0), "EFAULT"},
		{"null data", lib.SendFds(pair[0], 0, &file, 1, nil, 1), "EFAULT"},
	})
	_, err = unix.Read(int(pair[1]), make([]byte, 1))
	same(t, "what arrived", error(unix.EAGAIN), err)
}
