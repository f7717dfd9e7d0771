// SPDX-License-Identifier: MIT

package core

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Exec executes the program in a file.
//
//go:nosplit
func Exec(fd int32, argv, envp unsafe.Pointer, opts uint32) int {
	if bad(argv) || envp != nil && bad(envp) {
		return -int(unix.EFAULT)
	}
	var none uintptr
	if envp == nil {
		envp = unsafe.Pointer(&none)
	}
	if opts&^OptInheritFD != 0 {
		return -int(unix.EINVAL)
	}
	flags := sys(sysFcntl, uintptr(fd), unix.F_GETFD, 0)
	if flags < 0 {
		return flags
	}
	keep := opts&OptInheritFD != 0 && flags&unix.FD_CLOEXEC != 0
	if keep {
		if r := sys(sysFcntl, uintptr(fd), unix.F_SETFD, uintptr(flags&^unix.FD_CLOEXEC)); r < 0 {
			return r
		}
	}
	r := sys6(unix.SYS_EXECVEAT, uintptr(fd), emptyPath(), uintptr(argv), uintptr(envp), unix.AT_EMPTY_PATH, 0)
	if r == -int(unix.ENOSYS) {
		var path fdPath
		path.set(fd)
		r = sys(unix.SYS_EXECVE, uintptr(unsafe.Pointer(&path)), uintptr(argv), uintptr(envp))
	}
	if keep {
		sys(sysFcntl, uintptr(fd), unix.F_SETFD, uintptr(flags))
	}
	return r
}
