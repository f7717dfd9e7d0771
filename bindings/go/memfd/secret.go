// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"crypto/subtle"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"libmemfd_go/core"
)

// SecretKind is the kind of memory of a secret.
type SecretKind uint32

const (
	// SecretMem is memory of memfd_secret(2): removed from the kernel's own mapping, never
	// swapped, not in core dumps.
	SecretMem SecretKind = SecretKind(core.AreaSecretmem)
	// SecretLocked is memory locked by mlock(2): never swapped, not in core dumps.
	SecretLocked SecretKind = SecretKind(core.AreaMlock)
	// SecretUnlocked is memory that is not in core dumps but may be swapped.
	SecretUnlocked SecretKind = SecretKind(core.AreaUnlocked)
)

// String returns "none", "memfd_secret", "locked" or "unlocked".
func (k SecretKind) String() string { return nameOf(k, "none", "memfd_secret", "locked", "unlocked") }

// SecretOptions are the options for allocating secrets. A nil *SecretOptions is the same as a
// zero one: SecretMem, or SecretLocked where memfd_secret(2) is missing (ENOSYS) or forbidden
// (EPERM).
type SecretOptions struct {
	RequireSecretMem bool // accept only SecretMem
	NoSecretMem      bool // do not use memfd_secret(2), which prevents hibernation
	AllowUnlocked    bool // accept SecretUnlocked if RLIMIT_MEMLOCK or mlock(2) forbids locking

	// AlignEnd puts the end rather than the start of the memory next to a guard page, so that
	// an access to the first byte behind it is SIGSEGV. Not for a SecretPool.
	AlignEnd bool

	// KeepFile keeps the file of memfd_secret(2), for sending it to another process.
	KeepFile bool
}

// SecretBuffer is memory for a secret: outside the garbage-collected heap, not in core dumps,
// between two guard pages, and not inherited by programs that os/exec starts. Its SecretKind
// tells whether it may be swapped. It must be closed: the garbage collector does not free it.
//
// Copies of its contents, such as a conversion to string, are ordinary memory.
type SecretBuffer struct {
	mu        sync.Mutex
	area      core.SecretArea // Base is 0 once closed
	file      *os.File        // with KeepFile
	forgotten forgotten
}

// NewSecretBuffer allocates n bytes of zeros. n must be positive.
//
// It fails
//
//   - with EAGAIN or ENOMEM if n is more than RLIMIT_MEMLOCK allows, or memory is exhausted
//   - with EPERM if RLIMIT_MEMLOCK is 0
//   - with ENOSYS or EPERM if RequireSecretMem is set and memfd_secret(2) does not work
//   - with EINVAL if NoSecretMem is combined with RequireSecretMem or KeepFile
//   - with EFBIG if n is more than RLIMIT_FSIZE
//
// Source: memfd_secret(2), mlock(2), madvise(2).
func NewSecretBuffer(n int, opts *SecretOptions) (*SecretBuffer, error) {
	b := new(SecretBuffer)
	if n <= 0 {
		return nil, secretError("allocate", syscall.EINVAL)
	}
	if err := secretAlloc(&b.area, n, opts.bits()); err != nil {
		return nil, secretError("allocate", err)
	}
	return b.ready(), nil
}

// SecretBufferFrom allocates a SecretBuffer with a copy of data, and overwrites data with
// zeros, even if it fails. Earlier copies of data, by append or by the growth of a stack,
// remain. It fails like NewSecretBuffer.
func SecretBufferFrom(data []byte, opts *SecretOptions) (*SecretBuffer, error) {
	defer wipe(data)
	b := new(SecretBuffer)
	if len(data) == 0 {
		return nil, secretError("allocate", syscall.EINVAL)
	}
	if err := secretAllocFrom(&b.area, data, opts.bits()); err != nil {
		return nil, secretError("allocate", err)
	}
	return b.ready(), nil
}

// AttachSecretBuffer maps the whole file f of memfd_secret(2), which another process created
// and sent. The memory is shared with that process.
//
// It fails like NewSecretBuffer, and with EFBIG if the file is longer than maxSize bytes, with
// EINVAL if f is not a file of memfd_secret(2), and with ENODATA if it has no size yet.
func AttachSecretBuffer(f *os.File, maxSize int64, opts *SecretOptions) (*SecretBuffer, error) {
	b := new(SecretBuffer)
	if maxSize < 0 {
		return nil, fileError("attach", f, syscall.EINVAL)
	}
	_, err := withFD(f, func(fd int32) int { return secretAttach(&b.area, fd, maxSize, opts.bits()) })
	if err != nil {
		return nil, fileError("attach", f, err)
	}
	return b.ready(), nil
}

// takeFile turns the descriptor of an area into an os.File, which may be closed while in use.
func takeFile(area *core.SecretArea) *os.File {
	if area.FD < 0 {
		return nil
	}
	fd := area.FD
	area.FD = -1
	return os.NewFile(uintptr(fd), "secret")
}

// ready completes a buffer whose area has been allocated.
func (b *SecretBuffer) ready() *SecretBuffer {
	b.file = takeFile(&b.area)
	b.forgotten = watch(b, fmt.Sprintf("SecretBuffer of %d bytes", b.area.Len))
	return b
}

// bits returns the options of core.
func (o *SecretOptions) bits() (opts uint32) {
	if o == nil {
		return 0
	}
	for _, option := range []struct {
		set bool
		bit uint32
	}{
		{o.RequireSecretMem, core.OptRequire},
		{o.NoSecretMem, core.OptNoSecretmem},
		{o.AllowUnlocked, core.OptAllowUnlocked},
		{o.AlignEnd, core.OptAlignEnd},
		{o.KeepFile, core.OptKeepFD},
	} {
		if option.set {
			opts |= option.bit
		}
	}
	return opts
}

func secretError(op string, err error) error {
	return pathError(op, "secret memory", err)
}

// Bytes returns the memory, or nil after Close. The slice must not be used after Close.
func (b *SecretBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return nil
	}
	return memoryAt(b.area.Data, b.area.Len)
}

// Len returns the length in bytes, or 0 after Close.
func (b *SecretBuffer) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.area.Len)
}

// Kind returns the kind of memory of the buffer.
func (b *SecretBuffer) Kind() SecretKind {
	b.mu.Lock()
	defer b.mu.Unlock()
	return SecretKind(b.area.Kind)
}

// File returns the file of a buffer with the option KeepFile, otherwise nil. Close closes it.
func (b *SecretBuffer) File() *os.File { return b.file }

// Equal reports whether the buffer contains exactly data, in a time that depends only on the
// lengths. After Close it returns false.
func (b *SecretBuffer) Equal(data []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(memoryAt(b.area.Data, b.area.Len), data) == 1
}

// Protect makes the memory inaccessible (AccessNone), read-only (AccessRead) or writable again
// (AccessReadWrite), for the whole process. Any other access to it is SIGSEGV. AccessWrite is
// EINVAL.
//
// Source: mprotect(2).
func (b *SecretBuffer) Protect(access Access) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return secretError("protect", fs.ErrClosed)
	}
	return secretError("protect", secretProtect(&b.area, access))
}

// Close overwrites the memory with zeros, unless it was attached, and frees it. Slices of it
// must not be used any more. A second Close returns fs.ErrClosed.
//
// It returns EUCLEAN, after freeing the buffer, if bytes in front of a buffer with AlignEnd
// were overwritten.
func (b *SecretBuffer) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return secretError("free", fs.ErrClosed)
	}
	err := secretFree(&b.area)
	if b.area.Base != 0 {
		return secretError("free", err)
	}
	b.forgotten.stop()
	if b.file != nil {
		b.file.Close()
	}
	return secretError("free", err)
}

// String returns the length, never the contents.
func (b *SecretBuffer) String() string {
	return fmt.Sprintf("memfd.SecretBuffer(%d bytes)", b.Len())
}

// GoString returns the same as String, so that %#v does not print the contents.
func (b *SecretBuffer) GoString() string { return b.String() }
