// SPDX-License-Identifier: MIT

package main

import "golang.org/x/sys/unix"

//lint:file-ignore U1000 the trampolines use these

// What the one-to-one calls in exports.h ask of the kernel. The assembler sees
// these as const_<name>, through go_asm.h.
const (
	sysMemfdCreate = unix.SYS_MEMFD_CREATE
	fAddSeals      = unix.F_ADD_SEALS
	fGetSeals      = unix.F_GET_SEALS
)
