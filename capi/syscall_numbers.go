// SPDX-License-Identifier: MIT

package main

import "golang.org/x/sys/unix"

//lint:file-ignore U1000 used by the trampolines

// Numbers for the rows of exports.h that are single system calls. go_asm.h defines
// them for the assembler as const_<name>.
const (
	sysMemfdCreate = unix.SYS_MEMFD_CREATE
	fAddSeals      = unix.F_ADD_SEALS
	fGetSeals      = unix.F_GET_SEALS
)
