// SPDX-License-Identifier: MIT

// Package memfd calls libmemfd_go.so from Go without cgo, through github.com/ebitengine/purego.
package memfd

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"
)

// The C functions, with the types of memfd_go.h.
var (
	versionString func() string
	resultName    func(r int32) string
	create        func(name string, flags uint32) int32
	getSize       func(fd int32, size *uint64) int32
	setSize       func(fd int32, opts uint32, size uint64) int32
	addSeals      func(fd int32, seals uint32) int32
	getSeals      func(fd int32) int32
	checkSeals    func(fd int32, required uint32, missing *uint32) int32
	formatSeals   func(seals, style uint32, buf *byte, capacity uintptr) int32
	mapFile       func(fd int32, opts uint32, off uint64, length uintptr, addr *unsafe.Pointer) int32
	unmap         func(addr unsafe.Pointer, length uintptr) int32
	secret        func(flags uint32) int32
)

const (
	// Immutable is MEMFD_GO_SEALS_IMMUTABLE.
	Immutable = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

	optWrite = 0x00000002 // MEMFD_GO_OPT_WRITE
)

// Load loads the library, from the path in $MEMFD_GO_LIBRARY if it is set. Call it before all other
// functions.
func Load() error {
	path := os.Getenv("MEMFD_GO_LIBRARY")
	if path == "" {
		path = "libmemfd_go.so.1"
	}
	library, err := purego.Dlopen(path, purego.RTLD_NOW)
	if err != nil {
		return err
	}
	for name, function := range map[string]any{
		"memfd_go_version_string": &versionString,
		"memfd_go_result_name":    &resultName,
		"memfd_go_create":         &create,
		"memfd_go_get_size":       &getSize,
		"memfd_go_set_size":       &setSize,
		"memfd_go_add_seals":      &addSeals,
		"memfd_go_get_seals":      &getSeals,
		"memfd_go_check_seals":    &checkSeals,
		"memfd_go_format_seals":   &formatSeals,
		"memfd_go_map":            &mapFile,
		"memfd_go_unmap":          &unmap,
		"memfd_go_secret":         &secret,
	} {
		address, err := purego.Dlsym(library, name)
		if err != nil {
			return err
		}
		purego.RegisterFunc(function, address)
	}
	return nil
}

// result converts the result of a C function, which is a value or -errno.
func result(r int32) (int32, error) {
	if r < 0 {
		return 0, syscall.Errno(-r)
	}
	return r, nil
}

// call calls do with the descriptor of f. The descriptor stays open until do returns, even if f is
// closed or garbage collected in the meantime.
func call(f *os.File, do func(fd int32) int32) (int32, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	var r int32
	if err := conn.Control(func(fd uintptr) { r = do(int32(fd)) }); err != nil {
		return 0, err
	}
	return result(r)
}

// ErrName returns the name of the error number inside err, such as EPERM.
func ErrName(err error) string {
	var errno syscall.Errno
	errors.As(err, &errno)
	return resultName(-int32(errno))
}

// VersionString returns the version of the library.
func VersionString() string { return versionString() }

// Create creates an empty file in memory that accepts seals. The name must not contain NUL, which
// ends a string in C.
func Create(name string) (*os.File, error) {
	if strings.IndexByte(name, 0) >= 0 {
		return nil, fmt.Errorf("creating %q: %w", name, unix.EINVAL)
	}
	fd, err := result(create(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING))
	if err != nil {
		return nil, fmt.Errorf("creating %q: %w", name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Size returns the size of a file.
func Size(f *os.File) (uint64, error) {
	var size uint64
	_, err := call(f, func(fd int32) int32 { return getSize(fd, &size) })
	return size, err
}

// SetSize sets the size of a file.
func SetSize(f *os.File, size uint64) error {
	_, err := call(f, func(fd int32) int32 { return setSize(fd, 0, size) })
	return err
}

// AddSeals seals a file.
func AddSeals(f *os.File, seals uint32) error {
	_, err := call(f, func(fd int32) int32 { return addSeals(fd, seals) })
	return err
}

// CheckSeals returns an error unless a file has all required seals.
func CheckSeals(f *os.File, required uint32) error {
	_, err := call(f, func(fd int32) int32 { return checkSeals(fd, required, nil) })
	return err
}

// SealNames returns the seals of a file as text.
func SealNames(f *os.File) (string, error) {
	seals, err := call(f, getSeals)
	if err != nil {
		return "", err
	}
	var text [64]byte // enough for any seals
	n, err := result(formatSeals(uint32(seals), 0, &text[0], uintptr(len(text))))
	return string(text[:n]), err
}

// Map maps the first bytes of a file. They stay mapped until Unmap, even if the file is closed.
func Map(f *os.File, length uint64, writable bool) ([]byte, error) {
	if length > math.MaxInt {
		return nil, unix.EOVERFLOW
	}
	var opts uint32
	if writable {
		opts = optWrite
	}
	var addr unsafe.Pointer
	_, err := call(f, func(fd int32) int32 { return mapFile(fd, opts, 0, uintptr(length), &addr) })
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(addr), length), nil
}

// Unmap removes a mapping that Map returned.
func Unmap(area []byte) error {
	_, err := result(unmap(unsafe.Pointer(unsafe.SliceData(area)), uintptr(len(area))))
	return err
}

// Secret creates a file of secret memory. Size it once, then map it writable.
func Secret() (*os.File, error) {
	fd, err := result(secret(unix.O_CLOEXEC))
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), "secret"), nil
}
