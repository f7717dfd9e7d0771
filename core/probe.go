// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Features.Bits.
const (
	FeatureCreate uint64 = 1 << iota
	FeatureSealing
	FeatureFutureWrite
	FeatureNoexecSeal
	FeatureSealExec
	FeatureExecAllowed
	FeatureHugetlb
	FeatureSecret
	FeatureSharedRO
	FeatureProcfs
	FeaturePidfdGetfd
	FeatureExecveat
)

// Features is struct memfd_go_features.
type Features struct {
	Bits, HugeSizes, MemlockSoft uint64
	PageSize, NoexecPolicy       uint32
}

var probeName = "memfd_go_probe\x00"

// Probe finds out which features work by trying them.
//
//go:nosplit
func Probe(out *Features, size uintptr, request uint64) int {
	if r := checkStruct(unsafe.Pointer(out), size, unsafe.Sizeof(*out)); r < 0 {
		return r
	}
	if request&^FeatureSecret != 0 {
		return -int(unix.EINVAL)
	}
	f := Features{PageSize: uint32(pageSize())}
	if r := f.files(); r < 0 {
		return r
	}
	if r := f.huge(); r < 0 {
		return r
	}
	if request&FeatureSecret != 0 {
		if r := f.try(FeatureSecret, Secret(unix.O_CLOEXEC)); r < 0 {
			return r
		}
	}
	f.calls()
	copyOut(unsafe.Pointer(out), unsafe.Pointer(&f), size, unsafe.Sizeof(f))
	return 0
}

// try sets bit if fd, the result of a call, is a descriptor, and closes it. The errors that it
// returns are a lack of descriptors or memory, which says nothing about the feature.
//
//go:nosplit
func (f *Features) try(bit uint64, fd int) int {
	if fd >= 0 {
		f.Bits |= bit
		closeFD(int32(fd))
		return 0
	}
	if fd == -int(unix.EMFILE) || fd == -int(unix.ENFILE) || fd == -int(unix.ENOMEM) {
		return fd
	}
	return 0
}

//go:nosplit
//go:noinline
func probeCreate(flags uint32) int {
	return create(unsafe.StringData(probeName), flags|unix.MFD_CLOEXEC)
}

// files tries the flags of memfd_create(2), and then seals and access on a file.
//
//go:nosplit
func (f *Features) files() int {
	if r := f.try(FeatureNoexecSeal, probeCreate(unix.MFD_NOEXEC_SEAL)); r < 0 {
		return r
	}
	exec := probeCreate(unix.MFD_EXEC)
	if r := f.try(FeatureExecAllowed, exec); r < 0 {
		return r
	}
	r := probeCreate(unix.MFD_ALLOW_SEALING)
	if r == -int(unix.EINVAL) && f.Bits&FeatureNoexecSeal != 0 {
		// From 6.3 to 6.5, vm.memfd_noexec=2 refuses files without MFD_NOEXEC_SEAL.
		f.NoexecPolicy = 2
		r = probeCreate(unix.MFD_NOEXEC_SEAL)
	}
	if r >= 0 {
		f.file(int32(r), exec)
	}
	return f.try(FeatureCreate, r)
}

// file tries seals and access on a new file. exec is the result of creating one with MFD_EXEC. The
// file stays empty, since any size may exceed RLIMIT_FSIZE.
//
//go:nosplit
func (f *Features) file(fd int32, exec int) {
	var st fileStat
	executable := stat(fd, &st) == 0 && st.mode&0o111 != 0
	switch {
	case exec == -int(unix.EACCES):
		f.NoexecPolicy = 2
	case executable:
		f.Bits |= FeatureExecAllowed // before 6.3, without MFD_EXEC
	case exec >= 0 && f.NoexecPolicy == 0:
		f.NoexecPolicy = 1
	}
	var path fdPath
	path.set(fd)
	if r := path.open(unix.O_PATH); r >= 0 {
		f.Bits |= FeatureProcfs
		closeFD(int32(r))
	}
	if addSeals(fd, unix.F_SEAL_WRITE) == 0 {
		f.Bits |= FeatureSealing
		if addr, errno := mmap(1, unix.PROT_READ, unix.MAP_SHARED, fd, 0); errno == 0 {
			f.Bits |= FeatureSharedRO
			munmap(addr, 1)
		}
	}
	if addSeals(fd, unix.F_SEAL_FUTURE_WRITE) == 0 {
		f.Bits |= FeatureFutureWrite
	}
	if addSeals(fd, unix.F_SEAL_EXEC) == 0 {
		f.Bits |= FeatureSealExec
	}
}

// Huge pages have 2^smallestHuge to 2^largestHuge bytes on any architecture.
const (
	smallestHuge = 14
	largestHuge  = 34
)

// huge tries every size of huge page.
//
//go:nosplit
func (f *Features) huge() int {
	if r := f.try(FeatureHugetlb, probeCreate(unix.MFD_HUGETLB)); r < 0 {
		return r
	}
	for log := uint32(smallestHuge); log <= largestHuge; log++ {
		fd := probeCreate(unix.MFD_HUGETLB | log<<unix.MFD_HUGE_SHIFT)
		if fd >= 0 {
			f.HugeSizes |= 1 << log
		}
		if r := f.try(0, fd); r < 0 {
			return r
		}
	}
	return 0
}

// noFD is -1 as an argument.
const noFD = ^uintptr(0)

// calls tries system calls with an invalid descriptor: if they exist, they return EBADF.
//
//go:nosplit
func (f *Features) calls() {
	const exists = -int(unix.EBADF)
	if sys(unix.SYS_PIDFD_GETFD, noFD, noFD, 0) == exists {
		f.Bits |= FeaturePidfdGetfd
	}
	if sys6(unix.SYS_EXECVEAT, noFD, emptyPath(), 0, 0, unix.AT_EMPTY_PATH, 0) == exists {
		f.Bits |= FeatureExecveat
	}
	var limit unix.Rlimit
	r := sys6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_MEMLOCK, 0, uintptr(unsafe.Pointer(&limit)), 0, 0)
	if r == 0 {
		f.MemlockSoft = limit.Cur
	}
}
