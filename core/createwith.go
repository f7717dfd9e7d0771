// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// CreateArgs is struct memfd_go_create_args.
type CreateArgs struct {
	Flags, Opts, Seals, Mode uint32
	Size                     uint64
}

// noexecFlags are new in Linux 6.3. Older kernels return EINVAL.
const noexecFlags = unix.MFD_NOEXEC_SEAL | unix.MFD_EXEC

// CreateWith creates a file and sets its mode, size and seals.
//
//go:nosplit
func CreateWith(name *byte, args *CreateArgs, size uintptr) int {
	var a CreateArgs
	a.Flags = unix.MFD_CLOEXEC | unix.MFD_NOEXEC_SEAL
	if args != nil || size != 0 {
		if r := checkStruct(unsafe.Pointer(args), size, unsafe.Sizeof(a)); r < 0 {
			return r
		}
		if r := copyIn(unsafe.Pointer(&a), unsafe.Pointer(args), size, unsafe.Sizeof(a)); r < 0 {
			return r
		}
	}
	if !a.valid() {
		return -int(unix.EINVAL)
	}
	if a.Opts&OptUnsealable != 0 {
		a.Seals |= unix.F_SEAL_SEAL
	}
	if a.Seals != 0 {
		a.Flags |= unix.MFD_ALLOW_SEALING
	}
	r := a.create(name)
	if r < 0 {
		return r
	}
	fd := int32(r)
	if r := a.apply(fd); r < 0 {
		closeFD(fd)
		return r
	}
	return int(fd)
}

// valid reports whether the arguments are in range and do not contradict each other. The kernel
// returns EINVAL for such flags, and create would take them for flags that it does not know.
//
//go:nosplit
func (a *CreateArgs) valid() bool {
	return a.Opts&^(OptStrictNoexec|OptUnsealable) == 0 &&
		a.Flags&noexecFlags != noexecFlags &&
		a.Mode&^0o777 == 0 &&
		(a.Flags&unix.MFD_NOEXEC_SEAL == 0 || a.Mode&0o111 == 0) &&
		!tooLarge(a.Size)
}

// create creates the file. After EINVAL it tries again without noexecFlags: if that succeeds,
// the kernel does not know them. MFD_NOEXEC_SEAL implies MFD_ALLOW_SEALING, which is then
// requested explicitly.
//
//go:nosplit
func (a *CreateArgs) create(name *byte) int {
	r := create(name, a.Flags)
	if r != -int(unix.EINVAL) || a.Flags&noexecFlags == 0 {
		return r
	}
	flags := a.Flags &^ noexecFlags
	if a.Flags&unix.MFD_NOEXEC_SEAL != 0 {
		flags |= unix.MFD_ALLOW_SEALING
	}
	fd := create(name, flags)
	if fd >= 0 && a.Opts&OptStrictNoexec != 0 {
		closeFD(int32(fd))
		return -int(unix.EOPNOTSUPP)
	}
	if a.Flags&unix.MFD_NOEXEC_SEAL != 0 && a.Mode == 0 {
		a.Mode = 0o666
	}
	return fd
}

// apply sets mode, size and seals of a new file. Seals come last, because they may forbid the
// rest.
//
//go:nosplit
func (a *CreateArgs) apply(fd int32) int {
	if a.Mode != 0 {
		if r := sys(unix.SYS_FCHMOD, uintptr(fd), uintptr(a.Mode), 0); r < 0 {
			return r
		}
	}
	if a.Size != 0 {
		if r := ftruncate(fd, a.Size); r < 0 {
			return r
		}
	}
	if a.Seals != 0 {
		return addSeals(fd, a.Seals)
	}
	return 0
}
