// SPDX-License-Identifier: MIT

//go:build linux

package memfd

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// FromPID opens the file that process pid has open as descriptor fd, without the cooperation of
// that process. The flag is that of os.OpenFile, usually os.O_RDONLY. The returned file has its
// own offset. FromPID opens only regular files, so it never waits for the process. It fails
//
//   - with ENOENT if there is no such process or descriptor
//   - with EACCES if the caller may not trace the process, or the file's permissions forbid it
//   - with ENXIO if the file is not regular, or is a file of memfd_secret(2)
//   - with EAGAIN if a process has a lease on the file, see fcntl(2)
//   - with EINVAL if pid is not positive
//   - with ENOSYS before Linux 4.11
//
// Source: proc_pid_fd(5), ptrace(2).
func FromPID(pid, fd, flag int) (*os.File, error) {
	path := fmt.Sprintf("/proc/%d/fd/%d", pid, fd)
	if pid > math.MaxInt32 || fd > math.MaxInt32 || pid <= 0 || fd < 0 {
		return nil, pathError("open", path, syscall.EINVAL)
	}
	flags, err := openFlags(flag)
	if err != nil {
		return nil, pathError("open", path, err)
	}
	r, err := result(restart(func() int { return importPID(int32(pid), int32(fd), flags) }))
	if err != nil {
		return nil, pathError("open", path, err)
	}
	return os.NewFile(uintptr(r), path), nil
}

// FromPidfd duplicates descriptor fd of the process that pidfd refers to (see unix.PidfdOpen
// and syscall.SysProcAttr.PidFD). Unlike FromPID it accepts files of memfd_secret(2), and the
// returned file shares its offset with the process. It fails
//
//   - with ENOSYS before Linux 5.6
//   - with EBADF if pidfd is not a pidfd, or the process has no such descriptor
//   - with EPERM if the caller may not trace the process
//   - with ESRCH if the process has ended
//
// Source: pidfd_getfd(2).
func FromPidfd(pidfd, fd int) (*os.File, error) {
	if int(int32(pidfd)) != pidfd || int(int32(fd)) != fd {
		return nil, os.NewSyscallError("pidfd_getfd", syscall.EBADF)
	}
	r, err := result(importPidfd(pidfd, fd))
	if err != nil {
		return nil, os.NewSyscallError("pidfd_getfd", err)
	}
	return newReceived(int32(r)), nil
}
