package core

import (
	"testing"
	"unsafe"

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
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_DGRAM, unix.SOCK_SEQPACKET} {
		for n := uint32(1); n <= FDsMax; n++ {
			a, b := socketpair(t, kind)
			before := openFDs(t)
			var fds [FDsMax]int32
			for i := range fds {
				fds[i] = a
			}
			text := []byte("payload")
			if r := SendFDs(a, &fds[0], n, &text[0], uintptr(len(text))); r != len(text) {
				t.Fatalf("SendFDs of %d: %d", n, r)
			}
			var got [FDsMax]int32
			room, data, length := uint32(FDsMax), [20]byte{}, uintptr(20)
			r := RecvFDs(b, &got[0], &room, &data[0], &length)
			if r != 1 || room != n || string(data[:length]) != "payload" {
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

// receive is what a receiver with room for one descriptor sees of a message.
func receive(t *testing.T, b int32) (result, n int) {
	t.Helper()
	fd, room := int32(-7), uint32(1)
	result = RecvFDs(b, &fd, &room, nil, nil)
	if result < 0 && (fd != -7 || room != 1) {
		t.Errorf("a failure wrote %d, %d", fd, room)
	}
	if result == 1 {
		closeFD(fd)
	}
	return result, int(room)
}

func TestReceiveRefuses(t *testing.T) {
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
		{"nothing", "x", nil, -int(unix.EPROTO)},
		{"two", "x", rights(2), -int(unix.EMSGSIZE)},
		{"sixteen", "x", rights(16), -int(unix.EMSGSIZE)},
		{"seventeen", "x", rights(17), -int(unix.EMSGSIZE)},
		{"253", "x", rights(253), -int(unix.EMSGSIZE)},
		{"one", "x", rights(1), 1},
		{"one with a long payload", "long", rights(1), 1},
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
	const soPasspidfd = 76
	a, b := socketpair(t, unix.SOCK_SEQPACKET)
	before := openFDs(t)
	for _, option := range []int{unix.SO_PASSCRED, unix.SO_PASSSEC, soPasspidfd} {
		unix.SetsockoptInt(int(b), unix.SOL_SOCKET, option, 1) // what is not known stays away
	}
	fds := [FDsMax]int32{}
	for i := range fds {
		fds[i] = a
	}
	if r := SendFDs(a, &fds[0], FDsMax, nil, 0); r != 0 {
		t.Fatalf("SendFDs: %d", r)
	}
	room := uint32(FDsMax)
	if r := RecvFDs(b, &fds[0], &room, nil, nil); r != 1 || room != FDsMax {
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
	for _, kind := range []int{unix.SOCK_STREAM, unix.SOCK_SEQPACKET} {
		a, b := socketpair(t, kind)
		unix.Shutdown(int(a), unix.SHUT_WR)
		if r, n := receive(t, b); r != 0 || n != 0 {
			t.Errorf("RecvFDs at the end: %d, %d descriptors", r, n)
		}
		if r := RecvVerified(b, 0, 1<<20); r != -int(unix.EPIPE) {
			t.Errorf("RecvVerified at the end: %d", r)
		}
	}
}

func TestSendErrors(t *testing.T) {
	a, _ := socketpair(t, unix.SOCK_STREAM)
	fd := a
	bad := int32(-1)
	for what, c := range map[string]struct{ got, want int }{
		"none":            {SendFDs(a, &fd, 0, nil, 0), -int(unix.EINVAL)},
		"seventeen":       {SendFDs(a, &fd, FDsMax+1, nil, 0), -int(unix.EINVAL)},
		"null":            {SendFDs(a, nil, 1, nil, 0), -int(unix.EFAULT)},
		"closed":          {SendFDs(a, &bad, 1, nil, 0), -int(unix.EBADF)},
		"no socket":       {SendFDs(-1, &fd, 1, nil, 0), -int(unix.EBADF)},
		"not a socket":    {SendFDs(mustCreate(t, 0), &fd, 1, nil, 0), -int(unix.ENOTSOCK)},
		"payload is null": {SendFDs(a, &fd, 1, nil, 5), -int(unix.EFAULT)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", what, c.got, c.want)
		}
	}
}

func TestRecvVerified(t *testing.T) {
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
		{"only that asked for", unix.F_SEAL_SHRINK, 7, unix.F_SEAL_SHRINK, 7, 0},
		{"not sealed against growing", unix.F_SEAL_SHRINK | unix.F_SEAL_WRITE, 7, SealsImmutable, 7, -int(unix.EKEYREJECTED)},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := socketpair(t, unix.SOCK_STREAM)
			before := openFDs(t)
			fd := int32(CreateSealed(&name[0], 0, c.seals, &data[0], uintptr(c.length)))
			SendFDs(a, &fd, 1, nil, 0)
			closeFD(fd)
			got := RecvVerified(b, c.required, c.max)
			if min(got, 0) != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
			if got >= 0 {
				var addr, length uintptr
				if r := MapVerified(int32(got), c.required, c.max, &addr, &length); r != 0 || length != 7 {
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
