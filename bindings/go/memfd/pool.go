// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"libmemfd_go/core"
)

// SecretPool is a set of secrets of equal size in one allocation. Taking a slot and giving it
// back makes no system call. Between slots are 16 bytes that Give checks for an overrun, but no
// guard pages; otherwise the memory is like that of a SecretBuffer. A SecretPool must be
// closed: the garbage collector does not free it.
type SecretPool struct {
	mu        sync.Mutex
	pool      core.SecretPool // Area.Base is 0 once closed
	file      *os.File        // with KeepFile
	forgotten forgotten
}

// NewSecretPool allocates a pool of slots of n bytes each. n must be positive and slots 1 to
// 1048576. It fails like NewSecretBuffer, and with EINVAL for the option AlignEnd.
func NewSecretPool(n, slots int, opts *SecretOptions) (*SecretPool, error) {
	p := new(SecretPool)
	if n <= 0 || slots <= 0 || slots > 1<<20 {
		return nil, poolError("allocate", syscall.EINVAL)
	}
	if err := poolInit(&p.pool, n, slots, opts.bits()); err != nil {
		return nil, poolError("allocate", err)
	}
	p.file = takeFile(&p.pool.Area)
	p.forgotten = watch(p, fmt.Sprintf("SecretPool of %d slots of %d bytes", slots, n))
	return p, nil
}

func poolError(op string, err error) error {
	return pathError(op, "secret pool", err)
}

// Take returns a free slot. It contains zeros and is aligned to 16 bytes.
//
// It returns ErrNoFreeSlot if all slots are taken, ErrCorruptPool if an overrun damaged the
// free slot, and EACCES if Protect made the pool not writable.
func (p *SecretPool) Take() ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool.Area.Base == 0 {
		return nil, poolError("take", fs.ErrClosed)
	}
	var addr uintptr
	switch err := poolTake(&p.pool, &addr); err {
	case nil:
		return memoryAt(addr, p.pool.SlotLen), nil
	case syscall.ENOSPC:
		return nil, ErrNoFreeSlot
	case syscall.EINVAL:
		return nil, ErrCorruptPool
	default:
		return nil, poolError("take", err)
	}
}

// Give overwrites a slot with zeros and gives it back. slot is what Take returned, or a shorter
// slice with the same start. It must not be used afterwards.
//
// It returns ErrCorruptPool if slot is not the start of a taken slot or was overrun, and EACCES
// if Protect made the pool not writable.
func (p *SecretPool) Give(slot []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool.Area.Base == 0 {
		return poolError("give", fs.ErrClosed)
	}
	err := poolGive(&p.pool, addressOf(slot))
	if err == syscall.EINVAL {
		return ErrCorruptPool
	}
	return poolError("give", err)
}

// Protect is like SecretBuffer.Protect, for all slots, taken or free.
func (p *SecretPool) Protect(access Access) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool.Area.Base == 0 {
		return poolError("protect", fs.ErrClosed)
	}
	return poolError("protect", poolProtect(&p.pool, access))
}

// File returns the file of a pool with the option KeepFile, otherwise nil. Close closes it.
func (p *SecretPool) File() *os.File { return p.file }

// Kind returns the kind of memory of the pool.
func (p *SecretPool) Kind() SecretKind {
	p.mu.Lock()
	defer p.mu.Unlock()
	return SecretKind(p.pool.Area.Kind)
}

// Close overwrites all slots, taken or free, with zeros and frees them. They must not be used
// any more. A second Close returns fs.ErrClosed.
func (p *SecretPool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool.Area.Base == 0 {
		return poolError("free", fs.ErrClosed)
	}
	if err := poolFree(&p.pool); err != nil {
		return poolError("free", err)
	}
	p.forgotten.stop()
	if p.file != nil {
		p.file.Close()
	}
	return nil
}

// String returns the numbers and the size of the slots, never their contents.
func (p *SecretPool) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("memfd.SecretPool(%d of %d slots of %d bytes taken)", p.pool.Used, p.pool.Slots, p.pool.SlotLen)
}

// GoString returns the same as String, so that %#v does not print the contents.
func (p *SecretPool) GoString() string { return p.String() }
