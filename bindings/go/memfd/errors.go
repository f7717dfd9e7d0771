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
	// ErrUnreliableSeals means that a file has the required seals, but that they do not protect
	// its contents: SealExec may have set them while the file was mapped writable (Linux from
	// 6.3 to a fix of 2026), or the file has huge pages, which can be removed unless it has
	// SealWrite or SealFutureWrite. NoHoles needs one of these two as well.
	ErrUnreliableSeals = errors.New("the seals are set but do not protect the contents")

	// ErrNoFreeSlot means that all slots of a SecretPool are taken.
	ErrNoFreeSlot = errors.New("memfd: all slots of the pool are taken")

	// ErrCorruptPool means that a slot was overrun, was given back twice, or is not a slot of
	// this SecretPool. After an overrun the pool can only be closed.
	ErrCorruptPool = errors.New("memfd: not a taken slot of this pool, or the slot was overrun")
)

// MissingSealsError reports the required seals that a file lacks.
type MissingSealsError struct {
	Path    string // name of the file
	Missing Seals
}

// Error returns, for example, "memfd:page: missing seals: WRITE SHRINK".
func (e *MissingSealsError) Error() string {
	return e.Path + ": missing seals: " + e.Missing.String()
}

// Unwrap returns syscall.EKEYREJECTED.
func (e *MissingSealsError) Unwrap() error { return syscall.EKEYREJECTED }

// fileError adds the operation and the file to err. It returns nil if err is nil.
func fileError(op string, f *os.File, err error) error {
	if err == nil {
		return nil
	}
	if f == nil { // as in package os
		return os.ErrInvalid
	}
	return pathError(op, f.Name(), err)
}

func pathError(op, path string, err error) error {
	switch {
	case err == nil:
		return nil
	case err == error(syscall.EKEYREVOKED):
		err = ErrUnreliableSeals
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}
