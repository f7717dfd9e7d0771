// SPDX-License-Identifier: MIT

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// FDsMax is the largest number of descriptors in a message.
const FDsMax = 64

// iovec, msghdr and cmsghdr have the kernel's layout. Those of x/sys/unix contain pointers, and
// storing a pointer may be a write barrier.
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

// cmsgAlign rounds up to the alignment of control messages, like CMSG_ALIGN.
//
//go:nosplit
func cmsgAlign(n uintptr) uintptr {
	return (n + wordSize - 1) &^ (wordSize - 1)
}

// ControlSize is the size of the buffer for control messages. FDsMax descriptors take 272 bytes
// of it. The control messages that socket options add take 176: two timestamps, credentials, a
// pidfd, and the number of unread bytes. The rest is for a security label, whose length depends
// on the system.
const ControlSize = 704

// ControlBuffer is this buffer, aligned to words. The callers of SendFDs and RecvFDs allocate
// it, because a chain of nosplit functions has too little stack for it.
type ControlBuffer [ControlSize / wordSize]uintptr

//go:nosplit
func fdAt(p unsafe.Pointer, i uintptr) *int32 {
	return (*int32)(unsafe.Add(p, i*fdSize))
}

// SendFDs sends n descriptors and length bytes in one message.
//
//go:nosplit
func SendFDs(sock int32, opts uint32, fds *int32, n uint32, data *byte, length uintptr, control *ControlBuffer) int {
	if n != 0 && bad(unsafe.Pointer(fds)) {
		return -int(unix.EFAULT)
	}
	if n > FDsMax || opts&^OptDontwait != 0 {
		return -int(unix.EINVAL)
	}
	var zero byte
	iov := iovec{uintptr(unsafe.Pointer(data)), length}
	if length == 0 {
		iov = iovec{uintptr(unsafe.Pointer(&zero)), 1}
	}
	msg := msghdr{iov: uintptr(unsafe.Pointer(&iov)), iovLen: 1}
	if n != 0 {
		first := (*cmsghdr)(unsafe.Pointer(control))
		first.length = cmsgHeader + uintptr(n)*fdSize
		first.level = unix.SOL_SOCKET
		first.ctype = unix.SCM_RIGHTS
		to := unsafe.Add(unsafe.Pointer(control), cmsgHeader)
		for i := range uintptr(n) {
			*fdAt(to, i) = *fdAt(unsafe.Pointer(fds), i)
		}
		msg.control = uintptr(unsafe.Pointer(control))
		msg.controlLen = first.length
	}
	r := sys(unix.SYS_SENDMSG, uintptr(sock), uintptr(unsafe.Pointer(&msg)), unix.MSG_NOSIGNAL|dontwait(opts))
	if length == 0 && r > 0 {
		return 0
	}
	return r
}

//go:nosplit
func dontwait(opts uint32) uintptr {
	if opts&OptDontwait != 0 {
		return unix.MSG_DONTWAIT
	}
	return 0
}

// RecvFDs receives one message with up to *n descriptors. It stores the length whenever a
// message was taken from the socket, even if it then refuses the message.
//
//go:nosplit
func RecvFDs(sock int32, opts uint32, fds *int32, n *uint32, data *byte, length *uintptr, control *ControlBuffer) int {
	if bad(unsafe.Pointer(n)) || badBuffer(data, length) {
		return -int(unix.EFAULT)
	}
	room := min(*n, FDsMax)
	if room != 0 && bad(unsafe.Pointer(fds)) {
		return -int(unix.EFAULT)
	}
	if opts&^OptDontwait != 0 {
		return -int(unix.EINVAL)
	}
	m := message{control: control}
	r := m.receive(sock, dontwait(opts), data, length)
	if r < 0 {
		return r
	}
	if m.count > uintptr(room) || m.cut {
		m.takeFDs(nil)
		return -int(unix.EMSGSIZE)
	}
	if m.count == 0 && m.bytes == 0 {
		m.takeFDs(nil)
		return -int(unix.EPIPE)
	}
	m.takeFDs(fds)
	*n = uint32(m.count)
	return 0
}

// OneReceived returns the only descriptor of a message. r, fd and n are the results of RecvFDs
// with room for one descriptor.
//
//go:nosplit
func OneReceived(r int, fd int32, n uint32) int {
	switch {
	case r < 0:
		return r
	case n == 0:
		return -int(unix.EPROTO)
	}
	return int(fd)
}

// VerifyReceived verifies a descriptor from an untrusted sender. It returns the descriptor, or
// closes it. Whether it is open for reading is left to mmap(2): checking would add a system
// call, a tenth of the time of receiving.
//
//go:nosplit
func VerifyReceived(fd int32, required uint32, maxLen uint64, opts uint32) int {
	var size uint64
	if r := verify(fd, required, maxLen, opts, &size); r < 0 {
		closeFD(fd)
		return r
	}
	return int(fd)
}

// badBuffer reports whether the pointers to a buffer and its length are invalid. Both may be nil.
//
//go:nosplit
func badBuffer(data *byte, length *uintptr) bool {
	return (data != nil || length != nil) && (bad(unsafe.Pointer(data)) || bad(unsafe.Pointer(length)))
}

// message is a received message.
type message struct {
	control *ControlBuffer
	length  uintptr // of the control messages, in bytes
	bytes   uintptr // of payload
	count   uintptr // of descriptors
	cut     bool    // payload or control messages did not fit
}

// receive receives a message. With a buffer for data, a datagram has to fit. Without one, one
// byte is taken and dropped, and so is the rest of a datagram.
//
//go:nosplit
func (m *message) receive(sock int32, flags uintptr, data *byte, length *uintptr) int {
	var sink byte
	iov := iovec{uintptr(unsafe.Pointer(&sink)), 1}
	whole := length != nil && *length != 0
	if whole {
		iov = iovec{uintptr(unsafe.Pointer(data)), *length}
	}
	msg := msghdr{
		iov:        uintptr(unsafe.Pointer(&iov)),
		iovLen:     1,
		control:    uintptr(unsafe.Pointer(m.control)),
		controlLen: unsafe.Sizeof(*m.control),
	}
	r, _, errno := syscall.RawSyscall6(unix.SYS_RECVMSG, uintptr(sock), uintptr(unsafe.Pointer(&msg)),
		unix.MSG_CMSG_CLOEXEC|flags, 0, 0, 0) // not sys6, to keep the chain of nosplit functions short
	if errno != 0 {
		return -int(errno)
	}
	if whole {
		*length = r
	}
	m.length = min(msg.controlLen, unsafe.Sizeof(*m.control))
	m.bytes = r
	m.count = m.rights()
	m.cut = msg.flags&unix.MSG_CTRUNC != 0 || whole && msg.flags&unix.MSG_TRUNC != 0
	return 0
}

// at returns the control message at an offset, or nil after the last one.
//
//go:nosplit
func (m *message) at(off uintptr) *cmsghdr {
	if off+cmsgHeader > m.length {
		return nil
	}
	c := (*cmsghdr)(unsafe.Add(unsafe.Pointer(m.control), off))
	if c.length < cmsgHeader || c.length > m.length-off {
		return nil
	}
	return c
}

// rights counts the descriptors that were sent.
//
//go:nosplit
func (m *message) rights() (n uintptr) {
	off := uintptr(0)
	for c := m.at(0); c != nil; c = m.at(off) {
		if c.level == unix.SOL_SOCKET && c.ctype == unix.SCM_RIGHTS {
			n += c.descriptors()
		}
		off += cmsgAlign(c.length)
	}
	return n
}

// takeFDs moves the descriptors that were sent to fds, or closes them if fds is nil. It always
// closes a pidfd of the sender (SO_PASSPIDFD), which the caller does not know about.
//
//go:nosplit
func (m *message) takeFDs(fds *int32) {
	off, taken := uintptr(0), uintptr(0)
	for c := m.at(0); c != nil; c = m.at(off) {
		payload := unsafe.Add(unsafe.Pointer(c), cmsgHeader)
		rights := c.ctype == unix.SCM_RIGHTS
		if c.level == unix.SOL_SOCKET && (rights || c.ctype == scmPidfd) {
			for i := range c.descriptors() {
				if fd := *fdAt(payload, i); fds == nil || !rights {
					closeFD(fd)
				} else {
					*fdAt(unsafe.Pointer(fds), taken) = fd
					taken++
				}
			}
		}
		off += cmsgAlign(c.length)
	}
}

// descriptors returns the number of descriptors in a control message.
//
//go:nosplit
func (c *cmsghdr) descriptors() uintptr {
	return (c.length - cmsgHeader) / fdSize
}
