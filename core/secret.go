// SPDX-License-Identifier: MIT

package core

import "golang.org/x/sys/unix"

// sysMemfdSecret is the same on every architecture. x/sys/unix lacks it on those where the
// kernel does not implement the call and returns ENOSYS.
const sysMemfdSecret = 447

// Secret creates a secret file. The manual page documents FD_CLOEXEC, but the kernel accepts
// only O_CLOEXEC; Secret accepts both.
//
//go:nosplit
func Secret(flags uint32) int {
	r := sys(sysMemfdSecret, uintptr(flags), 0, 0)
	if r == -int(unix.EINVAL) && flags&unix.FD_CLOEXEC != 0 {
		r = sys(sysMemfdSecret, uintptr(flags&^unix.FD_CLOEXEC|unix.O_CLOEXEC), 0, 0)
	}
	return r
}
