// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"errors"
	"os"
	"syscall"
)

// Seals is a set of seals of a file. A file never loses a seal.
type Seals uint32

const (
	SealSeal        Seals = 1 << iota // no further seals can be added
	SealShrink                        // the file cannot get shorter
	SealGrow                          // the file cannot get longer
	SealWrite                         // the contents cannot change
	SealFutureWrite                   // the contents change only through existing mappings (Linux 5.1)
	SealExec                          // the execute permission cannot change (Linux 6.3)

	// Immutable is the set of seals of a file whose size and contents cannot change, and
	// that takes no further seals.
	Immutable = SealSeal | SealShrink | SealGrow | SealWrite
)

// Has reports whether s contains all of seals.
func (s Seals) Has(seals Seals) bool { return s&seals == seals }

// AddSeals adds seals to the file f, all of them or, if it fails, none.
//
// It fails with EPERM if f is not open for writing or has SealSeal, with EBUSY if SealWrite is
// wanted and the file is still mapped writable somewhere, and with EINVAL if f is not a
// file that takes seals.
func AddSeals(f *os.File, seals Seals) error {
	_, err := withFD(f, func(fd int32) int { return addSeals(fd, seals) })
	return fileError("add seals", f, err)
}

// EnsureSeals adds those of seals that f does not have yet. Unlike AddSeals it succeeds
// on a file that has all of them, even if the file takes no more seals or is not open
// for writing.
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

// GetSeals returns the seals of f. Since Linux 6.3 files can have SealExec without having been
// given it, so test for bits rather than compare.
//
// Success does not prove that f is a memfd: a file on tmpfs has SealSeal.
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

// CheckSeals returns a *MissingSealsError unless f has all of the required seals.
// SealFutureWrite does not count as SealWrite, nor the other way round.
//
// To accept a file from somebody who is not trusted this is not enough: see MapVerified.
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

// verified calls a function of core that verifies f, and names the seals that are missing.
func verified(op string, f *os.File, required Seals, verify func(fd int32) int) error {
	required |= SealShrink
	if required == SealShrink {
		required |= SealWrite
	}
	for {
		_, err := withFD(f, verify)
		if !errors.Is(err, syscall.EKEYREJECTED) {
			return fileError(op, f, err)
		}
		if err := CheckSeals(f, required); err != nil {
			return err
		}
		// Somebody has added what was missing.
	}
}
