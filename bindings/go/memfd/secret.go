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

// SecretKind is what the memory of a secret is.
type SecretKind uint32

const (
	// SecretMem is memory of memfd_secret(2), which the kernel itself does not map and that
	// is never swapped.
	SecretMem SecretKind = SecretKind(core.AreaSecretmem)
	// SecretLocked is locked memory: it is not swapped and not part of core dumps.
	SecretLocked SecretKind = SecretKind(core.AreaMlock)
	// SecretUnlocked is memory that is not part of core dumps but may be swapped.
	SecretUnlocked SecretKind = SecretKind(core.AreaUnlocked)
)

func (k SecretKind) String() string { return nameOf(k, "none", "memfd_secret", "locked", "unlocked") }

// SecretOptions says what memory to use. The zero value and nil stand for memory of
// memfd_secret(2) or, where that is missing or forbidden, locked memory.
type SecretOptions struct {
	RequireSecretMem bool // fail unless memfd_secret(2) works
	NoSecretMem      bool // do not use memfd_secret(2): it makes hibernation impossible
	AllowUnlocked    bool // accept SecretUnlocked where more is not allowed (RLIMIT_MEMLOCK)

	// AlignEnd puts the end rather than the start of the memory next to a guard page, so that
	// touching the first byte behind it ends the program. It is not for a SecretPool.
	AlignEnd bool

	// KeepFile keeps the file of memfd_secret(2), to be sent to others.
	KeepFile bool
}

// SecretBuffer is memory for a secret: outside the garbage-collected heap, never swapped,
// not in core dumps, and between two guard pages that cannot be touched. Programs that are
// started by os/exec do not get it. It must be closed: the collector does not free it.
//
// What is copied out of it, for example by converting it to a string, is ordinary memory.
type SecretBuffer struct {
	mu        sync.Mutex
	area      core.SecretArea // Base is 0 once closed
	file      *os.File        // with KeepFile
	forgotten forgotten
}

// NewSecretBuffer allocates n bytes, more than 0, that are zero. It fails with EAGAIN or ENOMEM
// if that is more than RLIMIT_MEMLOCK allows.
func NewSecretBuffer(n int, opts *SecretOptions) (*SecretBuffer, error) {
	b := new(SecretBuffer)
	if n <= 0 {
		return nil, secretError("allocate", syscall.EINVAL)
	}
	if err := secretAlloc(&b.area, n, opts.forBuffer()); err != nil {
		return nil, secretError("allocate", err)
	}
	return b.made(), nil
}

// SecretBufferFrom allocates a SecretBuffer that contains data, and overwrites data with zeros,
// also if it fails. Copies of data that were made before, by append or by the collector's
// moving of stacks, are not found.
func SecretBufferFrom(data []byte, opts *SecretOptions) (*SecretBuffer, error) {
	defer wipe(data)
	b := new(SecretBuffer)
	if len(data) == 0 {
		return nil, secretError("allocate", syscall.EINVAL)
	}
	if err := secretAllocFrom(&b.area, data, opts.forBuffer()); err != nil {
		return nil, secretError("allocate", err)
	}
	return b.made(), nil
}

// AttachSecretBuffer maps a file of memfd_secret(2) that another process made, whole. The
// buffer is shared with that process. It fails with EFBIG if the file is longer than maxSize
// bytes, and with EINVAL if f is not such a file.
func AttachSecretBuffer(f *os.File, maxSize int64, opts *SecretOptions) (*SecretBuffer, error) {
	b := new(SecretBuffer)
	if maxSize < 0 {
		return nil, fileError("attach", f, syscall.EINVAL)
	}
	_, err := withFD(f, func(fd int32) int { return secretAttach(&b.area, fd, maxSize, opts.forBuffer()) })
	if err != nil {
		return nil, fileError("attach", f, err)
	}
	return b.made(), nil
}

// takeFile makes a file of the descriptor in an area: it knows when it is safe to close.
func takeFile(area *core.SecretArea) *os.File {
	if area.FD < 0 {
		return nil
	}
	fd := area.FD
	area.FD = -1
	return os.NewFile(uintptr(fd), "secret")
}

func (b *SecretBuffer) made() *SecretBuffer {
	b.file = takeFile(&b.area)
	b.forgotten = watch(b, fmt.Sprintf("SecretBuffer of %d bytes", b.area.Len))
	return b
}

// forBuffer translates the options.
func (o *SecretOptions) forBuffer() (opts uint32) {
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

// Bytes returns the memory, or nil once the buffer is closed. The slice must not be used
// after Close.
func (b *SecretBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return nil
	}
	return memoryAt(b.area.Data, b.area.Len)
}

// Len returns the number of bytes, 0 once the buffer is closed.
func (b *SecretBuffer) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return int(b.area.Len)
}

// Kind returns what the memory is.
func (b *SecretBuffer) Kind() SecretKind {
	b.mu.Lock()
	defer b.mu.Unlock()
	return SecretKind(b.area.Kind)
}

// File returns the file of a buffer that was made with KeepFile, else nil. The buffer's Close
// closes it.
func (b *SecretBuffer) File() *os.File { return b.file }

// Equal reports whether the buffer contains exactly data, in a time that depends only on their
// lengths. It is false once the buffer is closed.
func (b *SecretBuffer) Equal(data []byte) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return false
	}
	return subtle.ConstantTimeCompare(memoryAt(b.area.Data, b.area.Len), data) == 1
}

// Protect makes the memory inaccessible (AccessNone), read-only (AccessRead), or writable again
// (AccessReadWrite), for the whole process. Touching it otherwise ends the program with
// SIGSEGV.
func (b *SecretBuffer) Protect(access Access) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.area.Base == 0 {
		return secretError("protect", fs.ErrClosed)
	}
	return secretError("protect", secretProtect(&b.area, access))
}

// Close overwrites the memory with zeros, unless it was attached, and frees it. No slice of it
// may be used any more. Closing again is an error, fs.ErrClosed. If somebody wrote in front of a
// buffer with AlignEnd, the error is EUCLEAN; the buffer is closed all the same.
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

// String describes the buffer without its contents.
func (b *SecretBuffer) String() string {
	return fmt.Sprintf("memfd.SecretBuffer(%d bytes)", b.Len())
}

// GoString does the same for %#v.
func (b *SecretBuffer) GoString() string { return b.String() }
