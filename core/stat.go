// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// fileStat contains the members of struct statx that the package uses.
type fileStat struct {
	size         uint64
	allocated    uint64
	inode        uint64
	major, minor uint32 // of the device
	mode         uint32
	block        uintptr // on hugetlbfs the page size
}

// device returns the device number in the encoding of C's st_dev.
//
//go:nosplit
func (st *fileStat) device() uint64 {
	major, minor := uint64(st.major), uint64(st.minor)
	return major&^0xfff<<32 | major&0xfff<<8 | minor&^0xff<<12 | minor&0xff
}

// noPath, with AT_EMPTY_PATH, makes a system call operate on the descriptor itself.
var noPath = "\x00"

//go:nosplit
func emptyPath() uintptr {
	return uintptr(unsafe.Pointer(unsafe.StringData(noPath)))
}

// stat fills st from a descriptor. In struct statx the size of huge pages has 32 bits, so that of
// 16 GiB pages is 0. Only architectures of 64 bits have these.
//
//go:nosplit
//go:noinline
func stat(fd int32, st *fileStat) int {
	r := statx(fd, unix.AT_STATX_SYNC_AS_STAT, st)
	if wordSize == 8 && r == 0 && st.block == 0 {
		_, st.block, r = statfs(fd)
	}
	return r
}

// statx is the only system call of its kind that every architecture has. noinline keeps its
// large buffer out of the callers' frames.
//
//go:nosplit
//go:noinline
func statx(fd int32, flags uintptr, st *fileStat) int {
	if fd < 0 { // AT_FDCWD would mean the current directory
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
	st.block = uintptr(x.Blksize)
	return 0
}

// fileSystem returns the magic number of the file system that a descriptor's file is on.
//
//go:nosplit
func fileSystem(fd int32) (magic uint32, result int) {
	magic, _, r := statfs(fd)
	return magic, r
}

// statfs also returns the block size. The buffer is larger than struct statfs for the same reason
// as in totalMemory.
//
//go:nosplit
//go:noinline
func statfs(fd int32) (magic uint32, block uintptr, result int) {
	var st struct {
		unix.Statfs_t
		_ [96]byte
	}
	r := fstatfs(fd, unsafe.Pointer(&st))
	return uint32(st.Type), uintptr(st.Bsize), r
}
