//go:build 386 || arm

package main

import "golang.org/x/sys/unix"

const sysFcntl = unix.SYS_FCNTL64
