// SPDX-License-Identifier: MIT

package main

import (
	"golang.org/x/sys/unix"

	"libmemfd_go/core"
)

// recvOne is not inlined, so that its buffer is off the stack while the descriptor is verified.
//
//go:nosplit
//go:noinline
func recvOne(sock, opts uintptr, data *byte, length *uintptr) int {
	if uint32(opts)&^(core.OptDontwait|core.OptNoHoles) != 0 {
		return -int(unix.EINVAL)
	}
	var control core.ControlBuffer
	fd, n := int32(-1), uint32(1)
	r := core.RecvFDs(int32(sock), uint32(opts)&core.OptDontwait, &fd, &n, data, length, &control)
	return core.OneReceived(r, fd, n)
}
