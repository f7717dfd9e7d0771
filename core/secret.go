// SPDX-License-Identifier: MIT

package core

import "golang.org/x/sys/unix"

// sysMemfdSecret is the number on every architecture. x/sys leaves it out where the
// kernel does, which answers ENOSYS there.
const sysMemfdSecret = 447

// Secret creates a secret file. memfd_secret(2) of the manual has FD_CLOEXEC where
// the kernel has O_CLOEXEC; both are taken.
//
//go:nosplit
func Secret(flags uint32) int {
	r := sys(sysMemfdSecret, uintptr(flags), 0, 0)
	if r == -int(unix.EINVAL) && flags&unix.FD_CLOEXEC != 0 {
		r = sys(sysMemfdSecret, uintptr(flags&^unix.FD_CLOEXEC|unix.O_CLOEXEC), 0, 0)
	}
	return r
}
