// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// /proc/self shows the descriptors of the main thread; another thread may have its own
// (unshare(2)).
var (
	procSelf = "/proc/thread-self/fd/"
	proc     = "/proc/"
	procFD   = "/fd/"
)

// atCWD is AT_FDCWD, -100, as an argument.
const atCWD = ^uintptr(99)

// fdPath has room for the longest path, /proc/thread-self/fd/2147483647, and its NUL.
type fdPath [32]byte

// set makes p the path of a descriptor of this thread.
//
//go:nosplit
func (p *fdPath) set(fd int32) {
	out := text{buf: unsafe.Pointer(p), capacity: unsafe.Sizeof(*p)}
	out.string(procSelf)
	out.decimal(uint32(fd))
	out.end()
}

// setOf makes p the path of a descriptor of another process.
//
//go:nosplit
func (p *fdPath) setOf(pid, fd int32) {
	out := text{buf: unsafe.Pointer(p), capacity: unsafe.Sizeof(*p)}
	out.string(proc)
	out.decimal(uint32(pid))
	out.string(procFD)
	out.decimal(uint32(fd))
	out.end()
}

//go:nosplit
func (p *fdPath) open(flags uint32) int {
	flags |= unix.O_CLOEXEC | unix.O_LARGEFILE
	return blockingAt2(unix.SYS_OPENAT, atCWD, unsafe.Pointer(p), uintptr(flags), 0, 0, 0)
}

// openNow opens without blocking. Opening a FIFO would wait for its other end, and opening a
// file under a lease would wait for the holder to release it; with O_NONBLOCK that is -EAGAIN.
// The flag is cleared afterwards unless the caller asked for it.
//
//go:nosplit
func (p *fdPath) openNow(flags uint32) int {
	fd := p.open(flags | unix.O_NONBLOCK)
	if fd < 0 || flags&(unix.O_NONBLOCK|unix.O_PATH) != 0 {
		return fd
	}
	r := sys(sysFcntl, uintptr(fd), unix.F_SETFL, uintptr(flags))
	if r < 0 {
		closeFD(int32(fd))
		return r
	}
	return fd
}

// Reopen opens the file of a descriptor again.
//
//go:nosplit
func Reopen(fd int32, openFlags uint32) int {
	// Otherwise a closed descriptor would look like a missing /proc.
	if r := sys(sysFcntl, uintptr(fd), unix.F_GETFD, 0); r < 0 {
		return r
	}
	var path fdPath
	path.set(fd)
	return path.openNow(openFlags)
}

// ImportPID opens the file of a descriptor of another process. It first checks its type through
// an O_PATH descriptor: opening that neither blocks nor has side effects on a device.
//
//go:nosplit
func ImportPID(pid, remoteFD int32, openFlags uint32) int {
	if pid <= 0 || remoteFD < 0 {
		return -int(unix.EINVAL)
	}
	var path fdPath
	path.setOf(pid, remoteFD)
	r := path.open(unix.O_PATH)
	if r < 0 {
		return r
	}
	pathFD := int32(r)
	var st fileStat
	r = statx(pathFD, unix.AT_STATX_DONT_SYNC, &st) // does not wait for the server of FUSE or NFS
	if r == 0 && st.mode&unix.S_IFMT != unix.S_IFREG {
		r = -int(unix.ENXIO)
	}
	if r == 0 {
		path.set(pathFD)
		r = path.openNow(openFlags)
	}
	closeFD(pathFD)
	return r
}

// ImportPidfd duplicates a descriptor of another process.
//
//go:nosplit
func ImportPidfd(pidfd, remoteFD int32, flags uint32) int {
	return sys(unix.SYS_PIDFD_GETFD, uintptr(pidfd), uintptr(remoteFD), uintptr(flags))
}
