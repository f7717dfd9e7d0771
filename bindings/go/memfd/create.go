// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"unsafe"
)

// Options says how CreateWith, SealedWith and CloneWith make a file. The zero value and nil
// stand for what Create, Sealed and Clone do.
type Options struct {
	// Size is the size of the new file in bytes. Only CreateWith takes it.
	Size int64

	// Seals are added at the end. For SealedWith and CloneWith none means Immutable.
	Seals Seals

	// Unsealable adds SealSeal to Seals: nobody can add others.
	Unsealable bool

	// Mode is the permissions of the file. 0 leaves the kernel's: 0666, or 0777 if Exec is set.
	Mode fs.FileMode

	// Exec makes a file that can be executed. Otherwise it is not executable, and from Linux
	// 6.3 on can never be made so, unless it is of huge pages.
	Exec bool

	// StrictNoexec fails with EOPNOTSUPP where the kernel does not know about executable and
	// not executable files, before Linux 6.3. Otherwise the file's mode takes its place, which
	// can be changed again.
	StrictNoexec bool

	// HugePages makes a file of huge pages, of HugePageSize bytes or, if that is 0, of the
	// system's default size.
	HugePages    bool
	HugePageSize int64
}

// Create creates an empty file in memory, open for reading and writing. It takes seals and
// is not executable. The name is for debugging and need not be unique: it is what
// /proc/PID/fd shows and, after "memfd:", what the file's Name method returns. It is at most 249
// bytes long.
func Create(name string) (*os.File, error) {
	return CreateWith(name, nil)
}

// CreateWith is Create with options.
func CreateWith(name string, opts *Options) (*os.File, error) {
	args, err := opts.createArgs()
	if err != nil {
		return nil, pathError("create", "memfd:"+name, err)
	}
	return newFile("create", name, func(cname *byte) (int, error) { return createWith(cname, &args) })
}

// Sealed creates a file that contains data and that nobody can change any more, not even the
// caller: its seals are Immutable. The file's offset is 0.
func Sealed(name string, data []byte) (*os.File, error) {
	return SealedWith(name, data, nil)
}

// SealedWith is Sealed with options. A file of huge pages is padded with zeros to whole pages.
func SealedWith(name string, data []byte, opts *Options) (*os.File, error) {
	flags, seals, err := opts.copyArgs()
	if err != nil {
		return nil, pathError("create", "memfd:"+name, err)
	}
	return newFile("create", name, func(cname *byte) (int, error) { return createSealed(cname, flags, seals, data) })
}

// Clone creates a sealed copy of src, from its first byte to its last, with the seals
// Immutable. src has to be a regular file that is open for reading; its offset is neither used
// nor moved. Clone fails with EFBIG if the file is longer than maxSize bytes.
//
// If src is written to meanwhile, the copy may be a mixture of old and new contents.
func Clone(name string, src *os.File, maxSize int64) (*os.File, error) {
	return CloneWith(name, src, maxSize, nil)
}

// CloneWith is Clone with options. A file of huge pages is padded with zeros to whole pages.
func CloneWith(name string, src *os.File, maxSize int64, opts *Options) (*os.File, error) {
	flags, seals, err := opts.copyArgs()
	if err == nil && maxSize < 0 {
		err = syscall.EINVAL
	}
	if err != nil {
		return nil, fileError("clone", src, err)
	}
	return newFile("clone", name, func(cname *byte) (int, error) {
		return withFD(src, func(fd int32) int { return clone(cname, flags, seals, fd, maxSize) })
	})
}

// CloneStream creates a sealed copy of what r reads, up to its end, with the seals Immutable. It
// fails with EFBIG if that is longer than maxSize bytes; up to one byte more has been read
// then. Unlike Clone it takes pipes and sockets, and waits for them as Read does.
func CloneStream(name string, r io.Reader, maxSize int64) (*os.File, error) {
	if maxSize < 0 {
		return nil, pathError("clone", "memfd:"+name, syscall.EINVAL)
	}
	f, err := Create(name)
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(f, io.LimitReader(r, maxSize))
	if err == nil && n == maxSize {
		var next [1]byte
		if _, err = io.ReadFull(r, next[:]); err == nil {
			err = pathError("clone", f.Name(), syscall.EFBIG)
		} else if err == io.EOF {
			err = nil
		}
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	for attempt := 0; err == nil && attempt < 10; attempt++ { // EBUSY is the kernel's own doing
		if err = AddSeals(f, Immutable); !errors.Is(err, syscall.EBUSY) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// newFile calls create with a C string and makes a file of the descriptor that it returns.
func newFile(op, name string, create func(cname *byte) (int, error)) (*os.File, error) {
	path := "memfd:" + name + "\x00"
	cname := path[len("memfd:"):]
	path = path[:len(path)-1]
	if strings.IndexByte(name, 0) >= 0 {
		return nil, pathError(op, path, syscall.EINVAL)
	}
	fd, err := create(unsafe.StringData(cname))
	if err != nil {
		return nil, pathError(op, path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Reopen opens the file of f once more: the new file has an offset and an access mode of its
// own. flag is like that of os.OpenFile, usually os.O_RDONLY. f may also be open with O_PATH.
//
// A file that is open for reading only protects nothing: its holder may reopen it for writing,
// as far as the permissions of the file allow. Seals protect.
func Reopen(f *os.File, flag int) (*os.File, error) {
	fd, err := withFD(f, func(fd int32) int { return reopen(fd, flag) })
	if err != nil {
		return nil, fileError("reopen", f, err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// Reserve makes f size bytes long, like its Truncate method, and allocates the memory of the
// whole file, so that no later store to a mapping of it can fail for want of memory. If
// Reserve fails, the file keeps its size and contents.
func Reserve(f *os.File, size int64) error {
	if size < 0 {
		return fileError("reserve", f, syscall.EINVAL)
	}
	_, err := withFD(f, func(fd int32) int { return reserve(fd, size) })
	return fileError("reserve", f, err)
}

// Discard gives the memory of length bytes of f from offset on back to the system. They read as zeros
// then; the size of the file stays. It fails with EPERM on a file that is sealed against writing.
func Discard(f *os.File, offset, length int64) error {
	if offset < 0 || length < 0 {
		return fileError("discard", f, syscall.EINVAL)
	}
	_, err := withFD(f, func(fd int32) int { return discard(fd, offset, length) })
	return fileError("discard", f, err)
}
