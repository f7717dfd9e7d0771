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

// Options are the options of CreateWith, SealedWith and CloneWith. A nil *Options is the same
// as a zero one: Create, Sealed and Clone.
type Options struct {
	// Size is the size of the new file in bytes, 0 or more. For CreateWith only.
	Size int64

	// Seals are added last. 0 means no seals for CreateWith, and Immutable for the others.
	Seals Seals

	// Unsealable adds SealSeal to Seals, so that no seals can be added later.
	Unsealable bool

	// Mode is the permission bits of the file. 0 means the kernel's default: 0666, or 0777 with
	// Exec. Execute permission without Exec is EINVAL. For CreateWith only.
	Mode fs.FileMode

	// Exec creates an executable file. It fails with EACCES if vm.memfd_noexec is 2. Without
	// Exec the file is not executable and, from Linux 6.3 on, cannot be made executable, except
	// for a file of huge pages.
	Exec bool

	// StrictNoexec fails with EOPNOTSUPP before Linux 6.3, where the kernel lacks MFD_EXEC and
	// MFD_NOEXEC_SEAL. Otherwise fchmod(2) takes their place there, which can be undone. For
	// CreateWith only.
	StrictNoexec bool

	// HugePages creates a file of huge pages. HugePageSize is their size in bytes, a power of
	// two; 0 means the system's default. A HugePageSize that is not 0 implies HugePages. It
	// fails with ENODEV if the system lacks that size, and with ENOENT or ENOSYS if the kernel
	// was built without hugetlbfs. Features.HugePages lists the sizes.
	HugePages    bool
	HugePageSize int64
}

// Create creates an empty file in memory, open for reading and writing. The file accepts seals
// and is not executable.
//
// The name is for debugging and need not be unique: /proc/PID/fd shows it, and the Name method
// of the file returns it after "memfd:". A name of more than 249 bytes, or with a NUL, is
// EINVAL.
//
// Source: memfd_create(2).
func Create(name string) (*os.File, error) {
	return CreateWith(name, nil)
}

// CreateWith is like Create, but with options.
//
// Source: memfd_create(2), ftruncate(2), fchmod(2).
func CreateWith(name string, opts *Options) (*os.File, error) {
	args, err := opts.createArgs()
	if err != nil {
		return nil, pathError("create", "memfd:"+name, err)
	}
	return newFile("create", name, func(cname *byte) (int, error) { return createWith(cname, &args) })
}

// Sealed creates a file that contains data and has the seals Immutable: nobody can change it,
// not even the caller. The offset of the file is 0. It fails
//
//   - with ENOSPC or ENOMEM if there is not enough memory
//   - with EFBIG if data is longer than RLIMIT_FSIZE
//   - with EBUSY if the kernel itself used a page for about 0.1 s: try again
//
// Source: memfd_create(2), fcntl(2) with F_ADD_SEALS.
func Sealed(name string, data []byte) (*os.File, error) {
	return SealedWith(name, data, nil)
}

// SealedWith is like Sealed, but with options. A file of huge pages is padded with zeros to
// whole pages. Options that are for CreateWith only are EINVAL.
func SealedWith(name string, data []byte, opts *Options) (*os.File, error) {
	flags, seals, err := opts.copyArgs()
	if err != nil {
		return nil, pathError("create", "memfd:"+name, err)
	}
	return newFile("create", name, func(cname *byte) (int, error) { return createSealed(cname, flags, seals, data) })
}

// Clone creates a copy of src, from its first byte to its last, with the seals Immutable. It
// neither uses nor moves the offset of src. If src is written to meanwhile, the copy may be a
// mixture of old and new contents. Clone fails like Sealed, and
//
//   - with EBADF if src is not open for reading
//   - with EINVAL if src is not a regular file
//   - with ESPIPE if src is a file of memfd_secret(2)
//   - with EFBIG if src is longer than maxSize bytes
//   - with EAGAIN if the size of src changed meanwhile
//   - with ENOSYS before Linux 4.11
//
// Source: sendfile(2), pread(2), fcntl(2) with F_ADD_SEALS.
func Clone(name string, src *os.File, maxSize int64) (*os.File, error) {
	return CloneWith(name, src, maxSize, nil)
}

// CloneWith is like Clone, but with options. A file of huge pages is padded with zeros to whole
// pages. Options that are for CreateWith only are EINVAL.
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

// CloneStream creates a copy of everything that r reads until io.EOF, with the seals Immutable.
// Unlike Clone it accepts pipes and sockets, and waits for data as Read does.
//
// It fails with EFBIG if r reads more than maxSize bytes, after reading at most maxSize+1.
// Errors of r are returned unchanged.
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
	if err == nil {
		err = sealNew(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sealNew makes a file that no other process has immutable. EBUSY then means that the kernel used
// one of its pages for as long as F_ADD_SEALS waits (about 0.1 s).
func sealNew(f *os.File) (err error) {
	for range 10 {
		if err = AddSeals(f, Immutable); !errors.Is(err, syscall.EBUSY) {
			break
		}
	}
	return err
}

// newFile calls create with name as a C string, and returns the file of the descriptor.
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

// Reopen opens the file behind f again, with an offset and an access mode of its own. The flag
// is that of os.OpenFile, usually os.O_RDONLY. f may be opened with O_PATH.
//
// It fails with ENOENT if /proc is not mounted, with EACCES if the file's permissions forbid
// it, and with ENXIO for a socket or a file of memfd_secret(2).
//
// A read-only descriptor is not a security boundary: a process that has one may reopen the file
// for writing, as far as the file's permissions and owner allow. Only seals are.
//
// Source: open(2), proc_pid_fd(5).
func Reopen(f *os.File, flag int) (*os.File, error) {
	flags, err := openFlags(flag)
	if err != nil {
		return nil, fileError("reopen", f, err)
	}
	fd, err := withFD(f, func(fd int32) int { return reopen(fd, flags) })
	if err != nil {
		return nil, fileError("reopen", f, err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// Reserve makes f size bytes long, like its Truncate method, and allocates memory for the whole
// file, so that no later store to a mapping is SIGBUS for lack of memory. After an error the
// file has its old size and contents.
//
// It fails with ENOSPC or ENOMEM if there is not enough memory, with EPERM if SealGrow or
// SealShrink forbids the change, and with EBADF or EINVAL if f is not open for writing.
//
// Source: ftruncate(2), fallocate(2).
func Reserve(f *os.File, size int64) error {
	if size < 0 {
		return fileError("reserve", f, syscall.EINVAL)
	}
	_, err := withFD(f, func(fd int32) int { return reserve(fd, size) })
	return fileError("reserve", f, err)
}

// Discard frees the memory of length bytes of f, from offset on. They then read as zeros. The
// size of the file does not change.
//
// It fails with EINVAL if length is 0, with EPERM if f has SealWrite or SealFutureWrite, with
// EBADF if f is not open for writing, and with EOPNOTSUPP if the file system does not support
// holes.
//
// Source: fallocate(2) with FALLOC_FL_PUNCH_HOLE.
func Discard(f *os.File, offset, length int64) error {
	if offset < 0 || length < 0 {
		return fileError("discard", f, syscall.EINVAL)
	}
	_, err := withFD(f, func(fd int32) int { return discard(fd, offset, length) })
	return fileError("discard", f, err)
}
