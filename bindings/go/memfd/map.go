// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"io/fs"
	"os"
	"strconv"
	"sync"
	"syscall"

	"libmemfd_go/core"
)

// MapFlags says how a file is mapped.
type MapFlags uint32

const (
	MapWrite    MapFlags = MapFlags(core.OptWrite)    // writable
	MapPrivate  MapFlags = MapFlags(core.OptPrivate)  // copy on write: stores do not reach the file
	MapExec     MapFlags = MapFlags(core.OptExec)     // executable
	MapPopulate MapFlags = MapFlags(core.OptPopulate) // all pages are brought in at once
)

// Mapping is a part of a file in the address space of the process. It does not need the file
// to stay open. It must be closed: the collector does not unmap it.
type Mapping struct {
	name      string
	mu        sync.Mutex
	memory    []byte // nil once closed
	forgotten forgotten
}

// Map maps length bytes of f, from offset on, readable and shared with all other users of the
// file unless flags say otherwise. The offset is a multiple of the page size.
//
// The mapping may reach past the end of the file, but touching a page there ends the program
// with SIGBUS, and so does touching any page that somebody cut off the file. What comes from
// somebody who is not trusted is to be mapped by MapVerified. A store to a mapping without
// MapWrite ends the program with SIGSEGV.
//
// A file with SealWrite is mapped read-only on every kernel, also where its descriptor is
// open for writing.
func Map(f *os.File, offset int64, length int, flags MapFlags) (*Mapping, error) {
	if offset < 0 || length <= 0 {
		return nil, fileError("map", f, syscall.EINVAL)
	}
	var addr uintptr
	_, err := withFD(f, func(fd int32) int { return mapFile(fd, flags, offset, length, &addr) })
	if err != nil {
		return nil, fileError("map", f, err)
	}
	return newMapping(f, memoryAt(addr, uintptr(length))), nil
}

// MapRing maps length bytes of f from offset on twice, one behind the other, for a ring buffer: the
// Mapping is 2*length bytes long, and what runs over the end of the first half is at the start of
// both. offset and length are multiples of the page size of the file. flags are MapWrite and
// MapPopulate.
func MapRing(f *os.File, offset int64, length int, flags MapFlags) (*Mapping, error) {
	if offset < 0 || length <= 0 {
		return nil, fileError("map", f, syscall.EINVAL)
	}
	var addr uintptr
	_, err := withFD(f, func(fd int32) int { return mapRing(fd, flags, offset, length, &addr) })
	if err != nil {
		return nil, fileError("map", f, err)
	}
	return newMapping(f, memoryAt(addr, 2*uintptr(length))), nil
}

// VerifyFlags is what MapVerified, Verify and ReceiveVerified check besides.
type VerifyFlags uint32

// NoHoles means that all pages of a file have to have memory. Where some have none it is allocated,
// which takes a file whose permissions let it be opened for writing.
const NoHoles VerifyFlags = VerifyFlags(core.OptNoHoles)

// MapVerified maps a file that came from somebody who is not trusted, whole and read-only,
// after checking that nothing can happen to it: all required seals and SealShrink are set, and
// can be relied on; the file is neither empty (ENODATA) nor longer than maxSize
// bytes (EFBIG). Required seals of 0 stand for SealWrite. Whatever the other side does then,
// the mapping can be read without a fault, and if SealWrite is required it never changes.
//
// With NoHoles it also fails unless all pages of the file have memory. Otherwise reading a page
// that has none may end the program with SIGBUS if memory is exhausted and
// vm.overcommit_memory is 2.
//
// If seals are missing, the error is a *MissingSealsError. If they cannot be relied on, it
// is ErrSealsProveNothing.
func MapVerified(f *os.File, required Seals, maxSize int64, flags ...VerifyFlags) (*Mapping, error) {
	if maxSize < 0 {
		return nil, fileError("map", f, syscall.EINVAL)
	}
	var addr, length uintptr
	err := verified("map", f, required, func(fd int32) int { return mapVerified(fd, required, maxSize, flags, &addr, &length) })
	if err != nil {
		return nil, err
	}
	return newMapping(f, memoryAt(addr, length)), nil
}

// Verify checks f like MapVerified, without mapping it, and returns its size. What holds when
// it returns holds for good.
func Verify(f *os.File, required Seals, maxSize int64, flags ...VerifyFlags) (size int64, err error) {
	if maxSize < 0 {
		return 0, fileError("verify", f, syscall.EINVAL)
	}
	err = verified("verify", f, required, func(fd int32) (r int) {
		size, r = verify(fd, required, maxSize, flags)
		return r
	})
	return size, err
}

func newMapping(f *os.File, memory []byte) *Mapping {
	m := &Mapping{name: f.Name(), memory: memory}
	m.forgotten = watch(m, "Mapping of "+strconv.Itoa(len(memory))+" bytes of "+m.name)
	return m
}

// Bytes returns the mapped memory, or nil once the Mapping is closed. The slice must not be
// used after Close.
func (m *Mapping) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.memory
}

// Close unmaps the memory. No slice of it may be used any more. Closing again is an error,
// fs.ErrClosed.
func (m *Mapping) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.memory == nil {
		return pathError("unmap", m.name, fs.ErrClosed)
	}
	if err := unmap(m.memory); err != nil {
		return pathError("unmap", m.name, err)
	}
	m.memory = nil
	m.forgotten.stop()
	return nil
}
