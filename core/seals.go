// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// SealsImmutable is MEMFD_GO_SEALS_IMMUTABLE.
const SealsImmutable uint32 = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

//go:nosplit
func addSeals(fd int32, seals uint32) int {
	return blocking(sysFcntl, uintptr(fd), unix.F_ADD_SEALS, uintptr(seals))
}

//go:nosplit
//go:noinline
func getSeals(fd int32) int {
	return sys(sysFcntl, uintptr(fd), unix.F_GET_SEALS, 0)
}

// EnsureSeals adds those of seals that are not set yet.
//
//go:nosplit
func EnsureSeals(fd int32, seals uint32) int {
	have := getSeals(fd)
	if have < 0 {
		return have
	}
	missing := seals &^ uint32(have)
	if missing == 0 {
		return 0
	}
	return addSeals(fd, missing)
}

// CheckSeals checks that all of required are set. It stores those that are not at missing,
// unless that is nil.
//
//go:nosplit
func CheckSeals(fd int32, required uint32, missing *uint32) int {
	if missing != nil && bad(unsafe.Pointer(missing)) {
		return -int(unix.EFAULT)
	}
	have := getSeals(fd)
	if have < 0 {
		return have
	}
	lacking := required &^ uint32(have)
	if missing != nil {
		*missing = lacking
	}
	if lacking != 0 {
		return -int(unix.EKEYREJECTED)
	}
	return 0
}
