// SPDX-License-Identifier: MIT

package core

import (
	"testing"
	"unsafe"

	"libmemfd_go/internal/leaks"

	"golang.org/x/sys/unix"
)

func socketpair(t *testing.T, kind int) (a, b int32) {
	t.Helper()
	s, err := unix.Socketpair(unix.AF_UNIX, kind, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		unix.Close(s[0])
		unix.Close(s[1])
	})
	return int32(s[0]), int32(s[1])
}

func TestLayoutIsTheKernels(t *testing.T) {
	leaks.Check(t)
	var ours msghdr
	var theirs unix.Msghdr
	var c cmsghdr
	for what, pair := range map[string][2]uintptr{
		"msghdr":            {unsafe.Sizeof(ours), unsafe.Sizeof(theirs)},
		"msghdr.iov":        {unsafe.Offsetof(ours.iov), unsafe.Offsetof(theirs.Iov)},
		"msghdr.iovLen":     {unsafe.Offsetof(ours.iovLen), unsafe.Offsetof(theirs.Iovlen)},
		"msghdr.control":    {unsafe.Offsetof(ours.control), unsafe.Offsetof(theirs.Control)},
		"msghdr.controlLen": {unsafe.Offsetof(ours.controlLen), unsafe.Offsetof(theirs.Controllen)},
		"msghdr.flags":      {unsafe.Offsetof(ours.flags), unsafe.Offsetof(theirs.Flags)},
		"iovec":             {unsafe.Sizeof(iovec{}), unsafe.Sizeof(unix.Iovec{})},
		"cmsghdr":           {unsafe.Sizeof(c), unsafe.Sizeof(unix.Cmsghdr{})},
		"cmsghdr.level":     {unsafe.Offsetof(c.level), unsafe.Offsetof(unix.Cmsghdr{}.Level)},
		"cmsghdr.ctype":     {unsafe.Offsetof(c.ctype), unsafe.Offsetof(unix.Cmsghdr{}.Type)},
		"CMSG_LEN(4)":       {cmsgHeader + fdSize, uintptr(unix.CmsgLen(4))},
		"CMSG_SPACE(4)":     {cmsgAlign(cmsgHeader + fdSize), uintptr(unix.CmsgSpace(4))},
		"CMSG_SPACE(8)":     {cmsgAlign(cmsgHeader + 2*fdSize), uintptr(unix.CmsgSpace(8))},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d here, %d there", what, pair[0], pair[1])
		}
	}
}

func TestSendAndReceive(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		for n := uint32(1); n <= FDsMax; n++ {
			a, b := socketpair(t, kind)
			before := openFDs(t)
			var fds [FDsMax]int32
			var control ControlBuffer
			for i := range fds {
				fds[i] = a
			}
			text := []byte("payload")
			if r := SendFDs(a, 0, &fds[0], n, &text[0], uintptr(len(text)), &control); r != len(text) {
				t.Fatalf("SendFDs of %d: %d", n, r)
			}
			var got [FDsMax]int32
			room, data, length := uint32(FDsMax), [20]byte{}, uintptr(20)
			r := RecvFDs(b, 0, &got[0], &room, &data[0], &length, &control)
			if r != 0 || room != n || string(data[:length]) != "payload" {
				t.Fatalf("RecvFDs: %d, %d descriptors, %q", r, room, data[:length])
			}
			for _, fd := range got[:n] {
				if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil || flags != unix.FD_CLOEXEC {
					t.Errorf("descriptor %d: flags %d, %v", fd, flags, err)
				}
				closeFD(fd)
			}
			if after := openFDs(t); after != before {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		}
	}
}

// receive receives a message with room for one descriptor.
func receive(t *testing.T, b int32) (result, n int) {
	t.Helper()
	fd, room := int32(-7), uint32(1)
	var control ControlBuffer
	result = RecvFDs(b, 0, &fd, &room, nil, nil, &control)
	if result < 0 && (fd != -7 || room != 1) {
		t.Errorf("RecvFDs failed, but wrote %d, %d", fd, room)
	}
	if result == 0 && room == 1 {
		closeFD(fd)
	}
	return result, int(room)
}

// receiveVerified does what memfd_go_recv_verified does.
func receiveVerified(b int32, required uint32, maxLen uint64) int {
	fd, n := int32(-1), uint32(1)
	var control ControlBuffer
	r := RecvFDs(b, 0, &fd, &n, nil, nil, &control)
	if r = OneReceived(r, fd, n); r < 0 {
		return r
	}
	return VerifyReceived(int32(r), required, maxLen, 0)
}

func TestReceiveRefuses(t *testing.T) {
	leaks.Check(t)
	rights := func(n int) []byte {
		fds := make([]int, n)
		return unix.UnixRights(fds...)
	}
	for _, c := range []struct {
		name    string
		payload string
		control []byte
		want    int
	}{
		{"nothing", "x", nil, 0},
		{"two", "x", rights(2), -int(unix.EMSGSIZE)},
		{"sixteen", "x", rights(16), -int(unix.EMSGSIZE)},
		{"seventeen", "x", rights(17), -int(unix.EMSGSIZE)},
		{"253", "x", rights(253), -int(unix.EMSGSIZE)},
		{"one", "x", rights(1), 0},
		{"one with a long payload", "long", rights(1), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := socketpair(t, unix.SOCK_SEQPACKET)
			before := openFDs(t)
			if err := unix.Sendmsg(int(a), []byte(c.payload), c.control, nil, 0); err != nil {
				t.Fatal(err)
			}
			if r, _ := receive(t, b); r != c.want {
				t.Errorf("got %d, want %d", r, c.want)
			}
			if after := openFDs(t); after != before {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

func TestReceiveWithCredentials(t *testing.T) {
	leaks.Check(t)
	const soPasspidfd = 76
	a, b := socketpair(t, unix.SOCK_SEQPACKET)
	before := openFDs(t)
	for _, option := range []int{unix.SO_PASSCRED, unix.SO_PASSSEC, soPasspidfd} {
		unix.SetsockoptInt(int(b), unix.SOL_SOCKET, option, 1) // unknown to older kernels
	}
	fds := [FDsMax]int32{}
	for i := range fds {
		fds[i] = a
	}
	var control ControlBuffer
	if r := SendFDs(a, 0, &fds[0], FDsMax, nil, 0, &control); r != 0 {
		t.Fatalf("SendFDs: %d", r)
	}
	room := uint32(FDsMax)
	if r := RecvFDs(b, 0, &fds[0], &room, nil, nil, &control); r != 0 || room != FDsMax {
		t.Fatalf("RecvFDs: %d, %d descriptors", r, room)
	}
	for _, fd := range fds {
		closeFD(fd)
	}
	if after := openFDs(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

func TestReceiveEnd(t *testing.T) {
	leaks.Check(t)
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		a, b := socketpair(t, kind)
		unix.Shutdown(int(a), unix.SHUT_WR)
		if r, _ := receive(t, b); r != -int(unix.EPIPE) {
			t.Errorf("RecvFDs at the end: %d", r)
		}
		if r := receiveVerified(b, 0, 1<<20); r != -int(unix.EPIPE) {
			t.Errorf("receiveVerified at the end: %d", r)
		}
	}
}

func TestSendErrors(t *testing.T) {
	leaks.Check(t)
	a, _ := socketpair(t, unix.SOCK_STREAM)
	fd := a
	bad := int32(-1)
	var control ControlBuffer
	for what, c := range map[string]struct{ got, want int }{
		"too many":        {SendFDs(a, 0, &fd, FDsMax+1, nil, 0, &control), -int(unix.EINVAL)},
		"null":            {SendFDs(a, 0, nil, 1, nil, 0, &control), -int(unix.EFAULT)},
		"closed":          {SendFDs(a, 0, &bad, 1, nil, 0, &control), -int(unix.EBADF)},
		"no socket":       {SendFDs(-1, 0, &fd, 1, nil, 0, &control), -int(unix.EBADF)},
		"not a socket":    {SendFDs(mustCreate(t, 0), 0, &fd, 1, nil, 0, &control), -int(unix.ENOTSOCK)},
		"payload is null": {SendFDs(a, 0, &fd, 1, nil, 5, &control), -int(unix.EFAULT)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", what, c.got, c.want)
		}
	}
}

func TestRecvVerified(t *testing.T) {
	leaks.Check(t)
	name := []byte("core_test\x00")
	data := []byte("content")
	for _, c := range []struct {
		name     string
		seals    uint32
		length   int
		required uint32
		max      uint64
		want     int
	}{
		{"sealed", 0, 7, 0, 7, 0},
		{"too large", 0, 7, 0, 6, -int(unix.EFBIG)},
		{"empty", 0, 0, 0, 7, -int(unix.ENODATA)},
		{"not sealed against writing", unix.F_SEAL_SHRINK, 7, 0, 7, -int(unix.EKEYREJECTED)},
		{"not sealed against shrinking", unix.F_SEAL_WRITE, 7, 0, 7, -int(unix.EKEYREJECTED)},
		{"only the required seal", unix.F_SEAL_SHRINK, 7, unix.F_SEAL_SHRINK, 7, 0},
		{"not sealed against growing", unix.F_SEAL_SHRINK | unix.F_SEAL_WRITE, 7, SealsImmutable, 7, -int(unix.EKEYREJECTED)},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := socketpair(t, unix.SOCK_STREAM)
			before := openFDs(t)
			fd := int32(CreateSealed(&name[0], 0, c.seals, &data[0], uintptr(c.length)))
			var control ControlBuffer
			SendFDs(a, 0, &fd, 1, nil, 0, &control)
			closeFD(fd)
			got := receiveVerified(b, c.required, c.max)
			if min(got, 0) != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if got >= 0 {
				var addr, length uintptr
				if r := MapVerified(int32(got), c.required, c.max, 0, &addr, &length); r != 0 || length != 7 {
					t.Errorf("MapVerified: %d, length %d", r, length)
				} else if s := unsafe.String((*byte)(pointer(addr)), length); s != "content" {
					t.Errorf("mapped %q", s)
				}
				Unmap(addr, length)
				closeFD(int32(got))
			}
			if after := openFDs(t); after != before {
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

// A security label may have any length. What follows begins at the next word.
func TestRightsAfterALabel(t *testing.T) {
	leaks.Check(t)
	const scmSecurity = 3
	for length := uintptr(0); length < 2*wordSize; length++ {
		var control ControlBuffer
		label := (*cmsghdr)(unsafe.Pointer(&control))
		*label = cmsghdr{cmsgHeader + length, unix.SOL_SOCKET, scmSecurity}
		off := uintptr(unix.CmsgSpace(int(length)))
		rights := (*cmsghdr)(unsafe.Add(unsafe.Pointer(&control), off))
		*rights = cmsghdr{cmsgHeader + 2*fdSize, unix.SOL_SOCKET, unix.SCM_RIGHTS}
		m := message{control: &control, length: off + rights.length}
		if n := m.rights(); n != 2 {
			t.Errorf("after a label of %d bytes are %d descriptors, not 2", length, n)
		}
	}
}

// What an earlier message has left in the buffer is behind the end of this one.
func TestControlMessagesEnd(t *testing.T) {
	leaks.Check(t)
	const one = cmsgHeader + fdSize
	second := uintptr(unix.CmsgSpace(int(fdSize)))
	for _, c := range []struct {
		what         string
		length, left uintptr // of the buffer, and of the second message
		want         uintptr
	}{
		{"without its padding", one, one, 1},
		{"at the first one", second, one, 1},
		{"in a header", second + cmsgHeader - 1, one, 1},
		{"in the contents", second + one - 1, one, 1},
		{"before what its length says", second + one, one + fdSize, 1},
		{"behind the second one", second + one, one, 2},
	} {
		var control ControlBuffer
		for off, length := range map[uintptr]uintptr{0: one, second: c.left} {
			*(*cmsghdr)(unsafe.Add(unsafe.Pointer(&control), off)) = cmsghdr{length, unix.SOL_SOCKET, unix.SCM_RIGHTS}
		}
		m := message{control: &control, length: c.length}
		if n := m.rights(); n != c.want {
			t.Errorf("a message that ends %s has %d descriptors, not %d", c.what, n, c.want)
		}
	}
}
