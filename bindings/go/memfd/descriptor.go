// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"os"
	"syscall"
)

// control calls f with the descriptor of file. The descriptor stays open until f returns, even
// if file is closed or becomes unreachable meanwhile. Unlike file.Fd(), this does not make the
// descriptor blocking.
func control(file *os.File, f func(fd int) error) (err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	if conn.Control(func(fd uintptr) { err = f(int(fd)) }) != nil {
		return os.ErrClosed
	}
	return err
}

// withFD is control for functions of core.
func withFD(file *os.File, f func(fd int32) int) (r int, err error) {
	err = control(file, func(fd int) (err error) {
		r, err = result(restart(func() int { return f(int32(fd)) }))
		return err
	})
	return r, err
}

// restart repeats f while a signal interrupts it. The runtime preempts goroutines by signals.
func restart(f func() int) int {
	for {
		if r := f(); r != -int(syscall.EINTR) {
			return r
		}
	}
}

// result converts a result of core, -errno or a value >= 0.
func result(r int) (int, error) {
	if r < 0 {
		return 0, syscall.Errno(-r)
	}
	return r, nil
}
