// SPDX-License-Identifier: MIT

//go:build !386 && !arm

package main

import "golang.org/x/sys/unix"

//lint:file-ignore U1000 used by the trampolines

const sysFcntl = unix.SYS_FCNTL
