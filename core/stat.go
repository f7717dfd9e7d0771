// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// fileStat is what is wanted of struct statx.
type fileStat struct {
	size         uint64
	allocated    uint64
	inode        uint64
	major, minor uint32 // of the device
	mode         uint32
	block        uint32 // of hugetlbfs: the page size
}

// device is the number of the device as C's st_dev has it.
//
//go:nosplit
func (st *fileStat) device() uint64 {
	major, minor := uint64(st.major), uint64(st.minor)
	return major&^0xfff<<32 | major&0xfff<<8 | minor&^0xff<<12 | minor&0xff
}

// noPath makes a system call look at the descriptor itself.
var noPath = "\x00"

//go:nosplit
func emptyPath() uintptr {
	return uintptr(unsafe.Pointer(unsafe.StringData(noPath)))
}

// stat fills st from a descriptor.
//
//go:nosplit
func stat(fd int32, st *fileStat) int {
	return statx(fd, unix.AT_STATX_SYNC_AS_STAT, st)
}

// statx is the one call for it that every architecture has. noinline keeps its large
// buffer out of the callers' frames; with sys6 in between, the chain of nosplit functions
// would get too long.
//
//go:nosplit
//go:noinline
func statx(fd int32, flags uintptr, st *fileStat) int {
	if fd < 0 { // AT_FDCWD would be the current folder
		return -int(unix.EBADF)
	}
	var x unix.Statx_t
	if r := blockingAt5(unix.SYS_STATX, uintptr(fd), emptyPath(), flags|unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS, unsafe.Pointer(&x)); r < 0 {
		return r
	}
	st.size = x.Size
	st.allocated = x.Blocks * 512
	st.inode = x.Ino
	st.major, st.minor = x.Dev_major, x.Dev_minor
	st.mode = uint32(x.Mode)
	st.block = x.Blksize
	return 0
}

// fileSystem returns the magic number of the file system that a descriptor's file is
// on. The buffer is larger than struct statfs since the compiler calls the runtime to
// zero one of that size on some architectures.
//
//go:nosplit
//go:noinline
func fileSystem(fd int32) (magic uint32, result int) {
	var st struct {
		unix.Statfs_t
		_ [96]byte
	}
	r := fstatfs(fd, unsafe.Pointer(&st))
	return uint32(st.Type), r
}
