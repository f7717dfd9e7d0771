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
	SizeOf, Kind, Seals, Mode uint32
	Size, HugePage            uint64
	Access, Reserved          uint32
	Name                      [256]byte
}

// infoHead is Info without its name, which goes to the caller separately: so large a
// struct would not be copied without the runtime.
type infoHead struct {
	sizeOf, kind, seals, mode uint32
	size, hugePage            uint64
	access, reserved          uint32
}

// Inspect tells what a descriptor is.
//
//go:nosplit
func Inspect(fd int32, info *Info) int {
	size := structSize(unsafe.Pointer(info), unsafe.Sizeof(*info))
	if size < 0 {
		return size
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
	kind := kindOf(magic, seals, &st)
	if kind < 0 {
		return kind
	}
	head := infoHead{sizeOf: uint32(size), kind: uint32(kind), mode: st.mode, size: st.size, access: accessOf(fd)}
	if seals > 0 {
		head.seals = uint32(seals)
	}
	if head.kind == KindHugetlb {
		head.hugePage = uint64(st.block)
	}
	copyOut(unsafe.Pointer(info), unsafe.Pointer(&head), uintptr(size), unsafe.Sizeof(head))
	if head.kind == KindMemfd || head.kind == KindHugetlb {
		memfdName(fd, unsafe.Pointer(&info.Name))
	}
	return 0
}

// kindOf returns a Kind, or an error. seals are what F_GET_SEALS answered.
//
//go:nosplit
func kindOf(magic uint32, seals int, st *fileStat) int {
	if st.mode&unix.S_IFMT != unix.S_IFREG {
		return int(KindOther)
	}
	switch magic {
	case unix.SECRETMEM_MAGIC:
		return int(KindSecret)
	case unix.HUGETLBFS_MAGIC:
		return int(KindHugetlb)
	case unix.TMPFS_MAGIC:
		return memfdOrTmpfs(seals, st)
	}
	return int(KindOther)
}

// memfdOrTmpfs tells a memfd from a file on a mounted tmpfs. The latter's seals are
// always F_SEAL_SEAL alone. A memfd may have the same; but all memfds are on one device,
// which the kernel mounts nowhere.
//
//go:nosplit
func memfdOrTmpfs(seals int, st *fileStat) int {
	if seals >= 0 && seals != unix.F_SEAL_SEAL {
		return int(KindMemfd)
	}
	r := create(unsafe.StringData(noPath), unix.MFD_CLOEXEC)
	if r < 0 {
		return r
	}
	var memfd fileStat
	s := stat(int32(r), &memfd)
	closeFD(int32(r))
	if s < 0 {
		return s
	}
	if memfd.dev == st.dev {
		return int(KindMemfd)
	}
	return int(KindTmpfsFile)
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

var (
	memfdPrefix  = "/memfd:"
	deletedAfter = " (deleted)"
)

// memfdName stores the name of a memfd, or nothing if it can't be found.
//
//go:nosplit
//go:noinline
func memfdName(fd int32, to unsafe.Pointer) {
	var path fdPath
	path.set(fd)
	var link [288]byte
	n, _, errno := syscall.RawSyscall6(unix.SYS_READLINKAT, atCWD, uintptr(unsafe.Pointer(&path)),
		uintptr(unsafe.Pointer(&link)), unsafe.Sizeof(link), 0, 0)
	end := int(n) - len(deletedAfter)
	if errno != 0 || end < len(memfdPrefix) {
		return
	}
	from := unsafe.Pointer(&link)
	if !startsWith(from, memfdPrefix) || !startsWith(unsafe.Add(from, end), deletedAfter) {
		return
	}
	copyBytes(to, unsafe.Add(from, len(memfdPrefix)), uintptr(end-len(memfdPrefix)))
}

// startsWith reports whether the bytes at p, of which there are enough, are those of s.
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
