// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"errors"
	"os"
	"syscall"
)

// Seals is a set of seals, combined with |. Seals cannot be removed from a file.
type Seals uint32

const (
	SealSeal        Seals = 1 << iota // no seals can be added
	SealShrink                        // the file cannot shrink
	SealGrow                          // the file cannot grow
	SealWrite                         // the contents cannot change
	SealFutureWrite                   // the contents cannot change, except through existing mappings (Linux 5.1)
	SealExec                          // chmod(2) cannot change the execute permission (Linux 6.3)

	// Immutable prevents changes of size and contents, and the addition of seals.
	Immutable = SealSeal | SealShrink | SealGrow | SealWrite
)

// Has reports whether s includes all of seals.
func (s Seals) Has(seals Seals) bool { return s&seals == seals }

// AddSeals adds all of seals to f, or none. Seals that are set already may be included. It
// fails
//
//   - with EPERM if f is not open for writing or has SealSeal
//   - with EBUSY if seals include SealWrite and f is mapped shared through a descriptor that is
//     open for writing, in any process
//   - with EINVAL if f does not support seals: a pipe, a file on a disk, a file of memfd_secret(2)
//
// Source: fcntl(2) with F_ADD_SEALS.
func AddSeals(f *os.File, seals Seals) error {
	_, err := withFD(f, func(fd int32) int { return addSeals(fd, seals) })
	return fileError("add seals", f, err)
}

// EnsureSeals adds those of seals that f lacks. Unlike AddSeals it succeeds on a file that has
// all of them, even if f has SealSeal or is not open for writing. It fails like AddSeals.
func EnsureSeals(f *os.File, seals Seals) error {
	_, err := withFD(f, func(fd int32) int {
		missing, r := missingSeals(fd, seals)
		if r < 0 || missing == 0 {
			return r
		}
		return addSeals(fd, missing)
	})
	return fileError("add seals", f, err)
}

// GetSeals returns the seals of f. Test for single bits instead of comparing: from Linux 6.3
// on, files may have SealExec without a request.
//
// It fails with EINVAL if f does not support seals, like AddSeals. Success does not prove that
// f is a memfd: a file on tmpfs has SealSeal.
//
// Source: fcntl(2) with F_GET_SEALS.
func GetSeals(f *os.File) (Seals, error) {
	conn, err := f.SyscallConn() // as in withFD, at half its cost
	if err != nil {
		return 0, fileError("get seals", f, err)
	}
	var missing Seals
	r := -int(syscall.EBADF)
	if conn.Control(func(fd uintptr) { missing, r = missingSeals(int32(fd), ^Seals(0)) }) != nil {
		return 0, fileError("get seals", f, os.ErrClosed)
	}
	if r < 0 {
		return 0, fileError("get seals", f, syscall.Errno(-r))
	}
	return ^missing, nil
}

// CheckSeals returns a *MissingSealsError unless f has all required seals. SealFutureWrite does
// not count as SealWrite, nor the reverse. It fails like GetSeals.
//
// This is not enough to trust a file from another process: see MapVerified.
func CheckSeals(f *os.File, required Seals) error {
	var missing Seals
	_, err := withFD(f, func(fd int32) (r int) {
		missing, r = missingSeals(fd, required)
		return r
	})
	if err == nil && missing != 0 {
		return &MissingSealsError{Path: f.Name(), Missing: missing}
	}
	return fileError("check seals", f, err)
}

// verified calls a function of core that verifies f, and turns EKEYREJECTED into a
// MissingSealsError.
func verified(op string, f *os.File, required Seals, verify func(fd int32) int) error {
	if required == 0 {
		required = SealWrite
	}
	required |= SealShrink
	for {
		_, err := withFD(f, verify)
		if !errors.Is(err, syscall.EKEYREJECTED) {
			return fileError(op, f, err)
		}
		if err := CheckSeals(f, required); err != nil {
			return err
		}
		// Another process has added the missing seals since.
	}
}
