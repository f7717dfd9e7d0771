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

// MapFlags are the flags of Map and MapRing, combined with |. 0 is a read-only mapping that is
// shared with all other users of the file.
type MapFlags uint32

const (
	MapWrite    MapFlags = MapFlags(core.OptWrite)    // readable and writable
	MapPrivate  MapFlags = MapFlags(core.OptPrivate)  // copy on write: stores do not change the file
	MapExec     MapFlags = MapFlags(core.OptExec)     // readable and executable
	MapPopulate MapFlags = MapFlags(core.OptPopulate) // fault in all pages now
)

// Mapping is a memory-mapped part of a file. The file may be closed first. A Mapping must be
// closed: the garbage collector does not unmap it.
type Mapping struct {
	name      string
	mu        sync.Mutex
	memory    []byte // nil once closed
	forgotten forgotten
}

// Map maps length bytes of f, from offset on. The offset must be a multiple of the page size.
//
// The range may extend beyond the end of the file, but an access to a page there is SIGBUS, as
// is one to a page that another process removes by truncating the file. Use MapVerified for
// files from an untrusted process. A store to a mapping without MapWrite is SIGSEGV.
//
// Without MapWrite, a file with SealWrite can be mapped on every kernel, even if it is open for
// writing. Map fails
//
//   - with EACCES if f is not open for reading or, with MapWrite and without MapPrivate, not for
//     writing
//   - with EPERM for MapWrite without MapPrivate if f has SealWrite or SealFutureWrite
//   - with EPERM while another process adds SealWrite: try again
//   - with EINVAL if length is 0 or offset is not a multiple of the page size
//   - with EOVERFLOW if offset+length is larger than a file can be
//   - with ENOMEM if the address space has no room
//
// Source: mmap(2).
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

// MapRing maps length bytes of f, from offset on, twice in a row, for a ring buffer: the
// Mapping is 2*length bytes long, and a store to byte i is also visible at i+length. offset and
// length must be multiples of the page size of the file. Only the flags MapWrite and
// MapPopulate are allowed.
//
// It fails like Map, and with EOVERFLOW if 2*length is more than math.MaxInt.
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

// VerifyFlags are the flags of Verify, MapVerified and ReceiveVerified, combined with |.
type VerifyFlags uint32

// NoHoles allocates memory for all pages of the file that have none. It fails with ENOSPC or
// ENOMEM if there is too little memory, with EACCES if the file is not open for writing and its
// permissions do not allow reopening it for writing, and with ErrUnreliableSeals if it has
// neither SealWrite nor SealFutureWrite.
//
// Without NoHoles, reading a page that has no memory is SIGBUS if memory is exhausted and
// vm.overcommit_memory is 2.
const NoHoles VerifyFlags = VerifyFlags(core.OptNoHoles)

// MapVerified checks a file from an untrusted process and maps all of it, read-only. Whatever
// that process does, reading the mapping never faults. If required is 0 or includes SealWrite,
// the mapping never changes either.
//
// required are the seals that f must have besides SealShrink; 0 means SealWrite. maxSize is the
// largest size to accept, in bytes. MapVerified fails
//
//   - with a *MissingSealsError if f lacks required seals
//   - with ErrUnreliableSeals if the seals are set but do not protect the contents
//   - with ENODATA if f is empty
//   - with EFBIG if f is longer than maxSize
//   - with EOVERFLOW if f is longer than math.MaxInt bytes
//   - with EPERM while another process adds SealWrite, if that is not required: try again
//   - with EACCES if f is not open for reading
//   - with EINVAL if f does not support seals: a pipe, a file on a disk
//   - with EINVAL if f has huge pages, and its size is not a multiple of theirs
//   - with ENOSYS before Linux 4.11
//
// Source: fcntl(2) with F_GET_SEALS, mmap(2).
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

// Verify checks f like MapVerified, without mapping it, and returns its size. It fails like
// MapVerified. The result stays true, because seals cannot be removed. Do not map more than size
// bytes: without SealGrow, f can grow, and the part of a huge page at its end is SIGBUS.
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

// Bytes returns the mapped memory, or nil after Close. The slice must not be used after Close.
func (m *Mapping) Bytes() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.memory
}

// Close unmaps the memory. Slices of it must not be used any more. A second Close returns
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
