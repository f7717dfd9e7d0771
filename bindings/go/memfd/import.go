// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// FromPID opens a file that another process has open, by its descriptor there. The process need
// not cooperate, but the caller needs the right to trace it. flag is like that of os.OpenFile,
// usually os.O_RDONLY. The file has an offset of its own.
func FromPID(pid, fd, flag int) (*os.File, error) {
	path := fmt.Sprintf("/proc/%d/fd/%d", pid, fd)
	if pid > math.MaxInt32 || fd > math.MaxInt32 || pid <= 0 || fd < 0 {
		return nil, pathError("open", path, syscall.EINVAL)
	}
	r, err := result(restart(func() int { return importPID(int32(pid), int32(fd), flag) }))
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return os.NewFile(uintptr(r), path), nil
}

// FromPidfd duplicates a descriptor of another process, which pidfd stands for (see
// unix.PidfdOpen, and syscall.SysProcAttr.PidFD). Unlike FromPID it also takes files of
// memfd_secret(2), and the offset is shared. It needs Linux 5.6, else it fails with ENOSYS.
func FromPidfd(pidfd, fd int) (*os.File, error) {
	r, err := result(importPidfd(pidfd, fd))
	if err != nil {
		return nil, os.NewSyscallError("pidfd_getfd", err)
	}
	return newReceived(int32(r)), nil
}
