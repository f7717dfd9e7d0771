// SPDX-License-Identifier: MIT

package purego_test

import (
	"testing"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func TestRecvVerified(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET, unix.SOCK_DGRAM} {

		pair := newPair(t, kind)
		send(pair[0], newNoexecFile(t, "hello", 0), 1, "x")
		fd := closeLater(t, lib.RecvVerified(pair[1], sealsImmutable, 5, 0, nil, nil))
		same(t, "contents", "hello", contents(t, fd, 5))
		closesOnExec, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		same(t, "close-on-exec", unix.FD_CLOEXEC, closesOnExec)
	}
}

func TestRecvVerifiedRefuses(t *testing.T) {
	leaks.Check(t)
	sealed := newNoexecFile(t, "hello", 0)
	pipe, _ := newPipe(t)
	var rows []row
	for _, c := range []struct {
		what string
		fd   int32
		n    int
		want string
	}{
		{"not sealed", newSizedFile(t, 5), 1, "EKEYREJECTED"},
		{"partly sealed", newNoexecFile(t, "x", unix.F_SEAL_SHRINK), 1, "EKEYREJECTED"},
		{"too long", newNoexecFile(t, "longer", 0), 1, "EFBIG"},
		{"empty", newNoexecFile(t, "", 0), 1, "ENODATA"},
		{"pipe", pipe, 1, "EINVAL"},
		{"two", sealed, 2, "EMSGSIZE"},
		{"sixteen", sealed, 16, "EMSGSIZE"},
		{"none", sealed, 0, "EPROTO"},
	} {
		pair := newPair(t, unix.SOCK_STREAM)
		sendRights(t, pair[0], c.fd, c.n)
		rows = append(rows, row{c.what, closed(lib.RecvVerified(pair[1], 0, 5, 0, nil, nil)), c.want})
	}
	check(t, rows)
}

func TestRecvVerifiedErrors(t *testing.T) {
	leaks.Check(t)
	pair := newPair(t, unix.SOCK_STREAM)
	check(t, []row{
		{"nothing there", lib.RecvVerified(pair[1], 0, 5, 0, nil, nil), "EAGAIN"},
		{"bad descriptor as socket", lib.RecvVerified(-1, 0, 5, 0, nil, nil), "EBADF"},
		{"a file", lib.RecvVerified(newFile(t, 0), 0, 5, 0, nil, nil), "ENOTSOCK"},
	})
	unix.Shutdown(int(pair[0]), unix.SHUT_WR)
	check(t, []row{{"end of the stream", lib.RecvVerified(pair[1], 0, 5, 0, nil, nil), "EPIPE"}})
}
