package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// FDsMax is the largest number of descriptors in a message.
const FDsMax = 16

// iovec, msghdr and cmsghdr are the kernel's. x/sys's have pointers, and a store of
// one might be a write barrier.
type iovec struct {
	base, length uintptr
}

type msghdr struct {
	name       uintptr
	nameLen    uint32
	iov        uintptr
	iovLen     uintptr
	control    uintptr
	controlLen uintptr
	flags      int32
}

type cmsghdr struct {
	length       uintptr // with the header, without padding
	level, ctype int32
}

// scmPidfd is SCM_PIDFD.
const scmPidfd = 4

const (
	cmsgHeader = unsafe.Sizeof(cmsghdr{})
	fdSize     = unsafe.Sizeof(int32(0))
)

// cmsgAlign rounds up to where the next control message may begin.
//
//go:nosplit
func cmsgAlign(n uintptr) uintptr {
	return (n + wordSize - 1) &^ (wordSize - 1)
}

// controlBuffer has room for FDsMax descriptors and what else a socket's options can
// have the kernel put in front: credentials, a security label, a pidfd. Words align it.
type controlBuffer [208 / wordSize]uintptr

//go:nosplit
func fdAt(p unsafe.Pointer, i uintptr) *int32 {
	return (*int32)(unsafe.Add(p, i*fdSize))
}

// SendFDs sends n descriptors and length bytes in one message.
//
//go:nosplit
func SendFDs(sock int32, fds *int32, n uint32, data *byte, length uintptr) int {
	if bad(unsafe.Pointer(fds)) {
		return -int(unix.EFAULT)
	}
	if n == 0 || n > FDsMax {
		return -int(unix.EINVAL)
	}
	var control controlBuffer
	first := (*cmsghdr)(unsafe.Pointer(&control))
	first.length = cmsgHeader + uintptr(n)*fdSize
	first.level = unix.SOL_SOCKET
	first.ctype = unix.SCM_RIGHTS
	to := unsafe.Add(unsafe.Pointer(&control), cmsgHeader)
	for i := range uintptr(n) {
		*fdAt(to, i) = *fdAt(unsafe.Pointer(fds), i)
	}
	var zero byte
	iov := iovec{uintptr(unsafe.Pointer(data)), length}
	if length == 0 {
		iov = iovec{uintptr(unsafe.Pointer(&zero)), 1}
	}
	msg := msghdr{
		iov:        uintptr(unsafe.Pointer(&iov)),
		iovLen:     1,
		control:    uintptr(unsafe.Pointer(&control)),
		controlLen: first.length,
	}
	r := sys(unix.SYS_SENDMSG, uintptr(sock), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL)
	if length == 0 && r > 0 {
		return 0
	}
	return r
}

// RecvFDs receives one message with descriptors.
//
//go:nosplit
func RecvFDs(sock int32, fds *int32, n *uint32, data *byte, length *uintptr) int {
	if bad(unsafe.Pointer(fds)) || bad(unsafe.Pointer(n)) {
		return -int(unix.EFAULT)
	}
	if (data != nil || length != nil) && (bad(unsafe.Pointer(data)) || bad(unsafe.Pointer(length))) {
		return -int(unix.EFAULT)
	}
	room := *n
	if room == 0 || room > FDsMax {
		return -int(unix.EINVAL)
	}
	var sink byte
	iov := iovec{uintptr(unsafe.Pointer(&sink)), 1}
	whole := length != nil && *length != 0
	if whole {
		iov = iovec{uintptr(unsafe.Pointer(data)), *length}
	}
	got := recvMessage(sock, &iov, whole, fds, room)
	if got == endOfStream {
		got, iov.length = 0, 0
	}
	if got < 0 {
		return got
	}
	*n = uint32(got)
	if whole {
		*length = iov.length
	}
	return min(got, 1)
}

// RecvVerified receives one descriptor from an untrusted sender and verifies it.
//
//go:nosplit
func RecvVerified(sock int32, required uint32, maxLen uint64) int {
	var sink byte
	var fd int32
	iov := iovec{uintptr(unsafe.Pointer(&sink)), 1}
	got := recvMessage(sock, &iov, false, &fd, 1)
	if got == endOfStream {
		return -int(unix.EPIPE)
	}
	if got < 0 {
		return got
	}
	var size uint64
	r := verify(fd, required, maxLen, 0, &size)
	if r == 0 && size != uint64(uintptr(size)) {
		r = -int(unix.EOVERFLOW)
	}
	if r == 0 && accessOf(fd)&AccessRead == 0 {
		r = -int(unix.EACCES)
	}
	if r < 0 {
		closeFD(fd)
		return r
	}
	return int(fd)
}

// endOfStream is what recvMessage returns when the other side has closed. No errno
// has this value.
const endOfStream = -5000

// recvMessage receives one message of 1 to room descriptors. It returns their number
// and sets iov.length to that of the payload; if that must be whole, a datagram that
// does not fit is an error. On any error all descriptors are closed.
//
//go:nosplit
func recvMessage(sock int32, iov *iovec, whole bool, fds *int32, room uint32) int {
	var buffer controlBuffer
	msg := msghdr{
		iov:        uintptr(unsafe.Pointer(iov)),
		iovLen:     1,
		control:    uintptr(unsafe.Pointer(&buffer)),
		controlLen: unsafe.Sizeof(buffer),
	}
	r := sys(unix.SYS_RECVMSG, uintptr(sock), uintptr(unsafe.Pointer(&msg)), unix.MSG_CMSG_CLOEXEC)
	if r < 0 {
		return r
	}
	control := controlMessages{unsafe.Pointer(&buffer), min(msg.controlLen, unsafe.Sizeof(buffer))}
	n := control.rights()
	cut := msg.flags&unix.MSG_CTRUNC != 0 || whole && msg.flags&unix.MSG_TRUNC != 0
	if n == 0 || n > uintptr(room) || cut {
		control.takeFDs(nil)
	}
	switch {
	case n > uintptr(room) || cut:
		return -int(unix.EMSGSIZE)
	case n == 0 && r == 0:
		return endOfStream
	case n == 0:
		return -int(unix.EPROTO)
	}
	control.takeFDs(fds)
	iov.length = uintptr(r)
	return int(n)
}

// controlMessages is what recvmsg(2) put into a control buffer.
type controlMessages struct {
	buffer unsafe.Pointer
	length uintptr
}

// at returns the control message at an offset, or nil behind the last one.
//
//go:nosplit
func (c *controlMessages) at(off uintptr) *cmsghdr {
	if off+cmsgHeader > c.length {
		return nil
	}
	m := (*cmsghdr)(unsafe.Add(c.buffer, off))
	if m.length < cmsgHeader || m.length > c.length-off {
		return nil
	}
	return m
}

// rights counts the descriptors that were sent.
//
//go:nosplit
func (c *controlMessages) rights() (n uintptr) {
	off := uintptr(0)
	for m := c.at(0); m != nil; m = c.at(off) {
		if m.level == unix.SOL_SOCKET && m.ctype == unix.SCM_RIGHTS {
			n += m.descriptors()
		}
		off += cmsgAlign(m.length)
	}
	return n
}

// takeFDs moves the descriptors that were sent to fds, or closes them if that is nil. A
// descriptor of the sender (SO_PASSPIDFD) is always closed: nobody would.
//
//go:nosplit
func (c *controlMessages) takeFDs(fds *int32) {
	off, taken := uintptr(0), uintptr(0)
	for m := c.at(0); m != nil; m = c.at(off) {
		payload := unsafe.Add(unsafe.Pointer(m), cmsgHeader)
		rights := m.ctype == unix.SCM_RIGHTS
		if m.level == unix.SOL_SOCKET && (rights || m.ctype == scmPidfd) {
			for i := range m.descriptors() {
				if fd := *fdAt(payload, i); fds == nil || !rights {
					closeFD(fd)
				} else {
					*fdAt(unsafe.Pointer(fds), taken) = fd
					taken++
				}
			}
		}
		off += cmsgAlign(m.length)
	}
}

// descriptors is the number of descriptors in a message that consists of them.
//
//go:nosplit
func (m *cmsghdr) descriptors() uintptr {
	return (m.length - cmsgHeader) / fdSize
}
