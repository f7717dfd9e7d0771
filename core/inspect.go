// SPDX-License-Identifier: MIT

package core

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Kinds of file, as in the header.
const (
	KindOther uint32 = iota
	KindMemfd
	KindHugetlb
	KindTmpfsFile
	KindSecret
)

// Access to a file or to memory, as in the header.
const (
	AccessNone      uint32 = 0
	AccessRead      uint32 = 1
	AccessWrite     uint32 = 2
	AccessReadWrite uint32 = 3
)

// Info is struct memfd_go_info.
type Info struct {
	Kind, Seals, Mode, Access                uint32
	Size, Allocated, HugePage, Device, Inode uint64
	Name                                     [256]byte
}

// infoHead is Info without the name, which memfdName stores separately: the compiler copies a
// struct of the full size by a call of the runtime.
type infoHead struct {
	kind, seals, mode, access                uint32
	size, allocated, hugePage, device, inode uint64
}

// Inspect describes the file of a descriptor.
//
//go:nosplit
func Inspect(fd int32, request uint32, info *Info, size uintptr) int {
	if r := checkStruct(unsafe.Pointer(info), size, unsafe.Sizeof(*info)); r < 0 {
		return r
	}
	if request != 0 {
		return -int(unix.EINVAL)
	}
	var st fileStat
	if r := stat(fd, &st); r < 0 {
		return r
	}
	magic, r := fileSystem(fd)
	if r < 0 {
		return r
	}
	seals := getSeals(fd)
	kind := kindOf(magic, &st)
	internal := 0
	if kind == KindHugetlb || kind == KindTmpfsFile {
		if internal = onMemfdDevice(kind, seals, &st); internal < 0 {
			return internal
		}
	}
	var head infoHead // a composite literal would be built in a temporary and copied
	head.kind, head.mode, head.access = kind, st.mode, accessOf(fd)
	head.size, head.allocated = st.size, st.allocated
	head.device, head.inode = st.device(), st.inode
	if seals > 0 {
		head.seals = uint32(seals)
	}
	if kind == KindHugetlb {
		head.hugePage = uint64(st.block)
	}
	copyOut(unsafe.Pointer(info), unsafe.Pointer(&head), size, unsafe.Sizeof(head))
	if internal > 0 {
		named := memfdName(fd, unsafe.Pointer(&info.Name))
		if kind == KindTmpfsFile {
			info.Kind = memoryKind(seals, named)
		}
	}
	return 0
}

// kindOf derives the kind from the file system: KindTmpfsFile for any regular file on tmpfs.
//
//go:nosplit
func kindOf(magic uint32, st *fileStat) uint32 {
	if st.mode&unix.S_IFMT != unix.S_IFREG {
		return KindOther
	}
	switch magic {
	case unix.SECRETMEM_MAGIC:
		return KindSecret
	case unix.HUGETLBFS_MAGIC:
		return KindHugetlb
	case unix.TMPFS_MAGIC:
		return KindTmpfsFile
	}
	return KindOther
}

// takesSeals reports whether the result of F_GET_SEALS proves that the file is a memfd: every
// other file on tmpfs and hugetlbfs has F_SEAL_SEAL alone, which cannot change.
//
//go:nosplit
func takesSeals(seals int) bool {
	return seals >= 0 && seals != unix.F_SEAL_SEAL
}

// onMemfdDevice returns 1 for a file on the device that memfds of its kind are on, otherwise 0.
// The device belongs to a mount of the kernel that has no path. Only memfd_create(2) lets a
// process choose the name of a file there, and prefixes it with "memfd:".
//
//go:nosplit
func onMemfdDevice(kind uint32, seals int, st *fileStat) int {
	if takesSeals(seals) {
		return 1
	}
	flags := uint32(0)
	if kind == KindHugetlb { // each size of huge page has its own device
		HugeFlags(uint64(st.block), &flags)
	}
	r := create(unsafe.StringData(noPath), flags|unix.MFD_CLOEXEC)
	if r < 0 {
		return r
	}
	var memfd fileStat
	s := stat(int32(r), &memfd)
	closeFD(int32(r))
	if s < 0 {
		return s
	}
	if memfd.major == st.major && memfd.minor == st.minor {
		return 1
	}
	return 0
}

// memoryKind distinguishes memfds from other files on their device: shared anonymous memory,
// System V shared memory, and buffers of graphics drivers.
//
//go:nosplit
func memoryKind(seals int, named bool) uint32 {
	if takesSeals(seals) || named {
		return KindMemfd
	}
	return KindOther
}

//go:nosplit
func accessOf(fd int32) uint32 {
	flags := sys(sysFcntl, uintptr(fd), unix.F_GETFL, 0)
	if flags < 0 || flags&unix.O_PATH != 0 {
		return AccessNone
	}
	switch flags & unix.O_ACCMODE {
	case unix.O_RDONLY:
		return AccessRead
	case unix.O_WRONLY:
		return AccessWrite
	}
	return AccessReadWrite
}

// nameMax is MEMFD_GO_NAME_MAX.
const nameMax = 249

var (
	memfdPrefix  = "/memfd:"
	deletedAfter = " (deleted)"
)

// memfdName stores the name of a file on the memfds' device. It reports false, and stores
// nothing, if the file is not a memfd or /proc is not mounted.
//
//go:nosplit
//go:noinline
func memfdName(fd int32, to unsafe.Pointer) bool {
	var path fdPath
	path.set(fd)
	var link [288]byte
	n, _, errno := syscall.RawSyscall6(unix.SYS_READLINKAT, atCWD, uintptr(unsafe.Pointer(&path)),
		uintptr(unsafe.Pointer(&link)), unsafe.Sizeof(link), 0, 0)
	end := int(n) - len(deletedAfter)
	length := end - len(memfdPrefix)
	if errno != 0 || length < 0 || length > nameMax {
		return false
	}
	from := unsafe.Pointer(&link)
	if !startsWith(from, memfdPrefix) || !startsWith(unsafe.Add(from, end), deletedAfter) {
		return false
	}
	copyBytes(to, unsafe.Add(from, len(memfdPrefix)), uintptr(length))
	return true
}

// startsWith reports whether the bytes at p, at least len(s), begin with s.
//
//go:nosplit
func startsWith(p unsafe.Pointer, s string) bool {
	for i := 0; i < len(s); i++ {
		if *(*byte)(unsafe.Add(p, i)) != s[i] {
			return false
		}
	}
	return true
}
