// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// A thread may have descriptors of its own (unshare(2)); those of /proc/self are the first
// thread's.
var (
	procSelf = "/proc/thread-self/fd/"
	proc     = "/proc/"
	procFD   = "/fd/"
)

// atCWD is AT_FDCWD, -100, as an argument.
const atCWD = ^uintptr(99)

// fdPath is the longest path to a descriptor, /proc/thread-self/fd/2147483647, and its NUL.
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

// openNow opens without waiting. O_NONBLOCK, unless asked for, is gone afterwards. Opening
// a FIFO would wait for its other end, and a file under a lease for the holder to give that
// up; -EAGAIN is the result then.
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

// Reopen opens the file of a descriptor once more.
//
//go:nosplit
func Reopen(fd int32, openFlags uint32) int {
	// Without this a closed descriptor would look like a missing /proc.
	if r := sys(sysFcntl, uintptr(fd), unix.F_GETFD, 0); r < 0 {
		return r
	}
	var path fdPath
	path.set(fd)
	return path.openNow(openFlags)
}

// ImportPID opens a descriptor of another process. It looks at the file first, through a
// descriptor with O_PATH, which neither waits nor has an effect on a device.
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
	look := int32(r)
	var st fileStat
	r = statx(look, unix.AT_STATX_DONT_SYNC, &st) // nor waits for a server of files
	if r == 0 && st.mode&unix.S_IFMT != unix.S_IFREG {
		r = -int(unix.ENXIO)
	}
	if r == 0 {
		path.set(look)
		r = path.openNow(openFlags)
	}
	closeFD(look)
	return r
}

// ImportPidfd duplicates a descriptor of another process.
//
//go:nosplit
func ImportPidfd(pidfd, remoteFD int32, flags uint32) int {
	return sys(unix.SYS_PIDFD_GETFD, uintptr(pidfd), uintptr(remoteFD), uintptr(flags))
}
