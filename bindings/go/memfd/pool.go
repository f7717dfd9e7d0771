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

// SecretPool is memory for many secrets of one size, like a SecretBuffer for each but without a
// system call when one is taken or given back. There are no guard pages between the slots: an
// overrun is noticed when the slot, or the one behind it, is given back. It must be closed:
// the collector does not free it.
type SecretPool struct {
	mu        sync.Mutex
	pool      core.SecretPool // Area.Base is 0 once closed
	file      *os.File        // with KeepFile
	forgotten forgotten
}

// NewSecretPool allocates slots, 1 to 1048576, of n bytes each. The option AlignEnd is not for
// pools and fails with EINVAL.
func NewSecretPool(n, slots int, opts *SecretOptions) (*SecretPool, error) {
	p := new(SecretPool)
	bits := opts.forBuffer()
	if n <= 0 || slots <= 0 || slots > 1<<20 {
		return nil, poolError("allocate", syscall.EINVAL)
	}
	if err := poolInit(&p.pool, n, slots, bits); err != nil {
		return nil, poolError("allocate", err)
	}
	p.file = takeFile(&p.pool.Area)
	p.forgotten = watch(p, fmt.Sprintf("SecretPool of %d slots of %d bytes", slots, n))
	return p, nil
}

func poolError(op string, err error) error {
	return pathError(op, "secret pool", err)
}

// Take returns a free slot, which contains zeros. If all are taken, the error is ErrNoFreeSlot.
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

// Give overwrites a slot with zeros and gives it back. It must not be used any more. slot is
// what Take returned, or a shorter slice of its start. If it is not a taken slot of this
// pool, or there was an overrun, the error is ErrCorruptPool.
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

// Protect makes all slots, taken or free, inaccessible (AccessNone), read-only (AccessRead), or
// writable again (AccessReadWrite), for the whole process. Take and Give fail with EACCES unless
// they are writable.
func (p *SecretPool) Protect(access Access) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pool.Area.Base == 0 {
		return poolError("protect", fs.ErrClosed)
	}
	return poolError("protect", poolProtect(&p.pool, access))
}

// File returns the file of a pool that was made with KeepFile, else nil. The pool's Close closes
// it.
func (p *SecretPool) File() *os.File { return p.file }

// Kind returns what the memory is.
func (p *SecretPool) Kind() SecretKind {
	p.mu.Lock()
	defer p.mu.Unlock()
	return SecretKind(p.pool.Area.Kind)
}

// Close overwrites all slots with zeros, taken ones too, and frees the memory. No slot may be
// used any more. Closing again is an error, fs.ErrClosed.
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

// String describes the pool without its contents.
func (p *SecretPool) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("memfd.SecretPool(%d of %d slots of %d bytes taken)", p.pool.Used, p.pool.Slots, p.pool.SlotLen)
}

// GoString does the same for %#v.
func (p *SecretPool) GoString() string { return p.String() }
