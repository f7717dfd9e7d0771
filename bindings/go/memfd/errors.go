// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

var (
	// ErrSealsProveNothing is the error for a file whose seals do not keep it as it is: they could
	// have been set for SealExec while somebody could still write, as some kernels from Linux 6.3
	// on do; or the file is of huge pages, which can be taken out of it unless it is sealed
	// against writing.
	ErrSealsProveNothing = errors.New("the seals prove nothing")

	// ErrNoFreeSlot is the error of SecretPool.Take when all slots are taken.
	ErrNoFreeSlot = errors.New("memfd: no free slot in the pool")

	// ErrCorruptPool is the error of SecretPool.Take and SecretPool.Give when a slot was
	// written to outside its bounds, or given back twice, or is not of this pool. After an
	// overrun the pool can only be closed.
	ErrCorruptPool = errors.New("memfd: not a taken slot of this pool, or written outside its bounds")
)

// MissingSealsError says which seals a file was required to have and does not.
type MissingSealsError struct {
	Path    string // the file's name
	Missing Seals
}

func (e *MissingSealsError) Error() string {
	return e.Path + ": missing seals: " + e.Missing.String()
}

// Unwrap returns the error number that stands for missing seals, EKEYREJECTED.
func (e *MissingSealsError) Unwrap() error { return syscall.EKEYREJECTED }

// fileError adds to err what was done to which file. It returns nil if err is nil.
func fileError(op string, f *os.File, err error) error {
	if err == nil {
		return nil
	}
	if f == nil { // os does the same
		return os.ErrInvalid
	}
	return pathError(op, f.Name(), err)
}

func pathError(op, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case err == error(syscall.EKEYREVOKED):
		err = ErrSealsProveNothing
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
